"""`release unlock`: who holds a stack, and an end to what the dead hold."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import Stack, say, working
from release.errors import StackBusy

if TYPE_CHECKING:
    from release.cli.backend import Lock
    from release.immediate import Ports


def unlock(
    stack: Stack,
    gone: Annotated[
        bool,
        typer.Option(
            "--gone", help="Whoever locked it from another machine is gone: somebody has looked there."
        ),
    ] = False,
) -> None:
    """Say who holds the stack's lock and the lease on its weights, and clear both when they are dead.

    Example: release unlock --stack production
    """
    from release.cli import unrecorded
    from release.cli.engine import Engine
    from release.cli.locks import locks
    from release.cli.project import Project
    from release.cli.traffic import ports

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    engine = Engine(project)
    state = engine.state()
    held = locks(project)
    told = [(lock, _fate(lock, gone)) for lock in held]
    for lock, fate in told:
        say(f"lock:  {lock}: {fate}")
    if not held:
        say("lock:  nobody")
    doors = ports(state, "/")
    holder, beating = asyncio.run(_holder(doors)) if state.bucket else ("", False)
    say(f"lease: {f'{holder}: ' + ('lives' if beating else 'gone') if holder else 'nobody'}")
    alive = [str(lock) for lock, fate in told if fate != _GONE] + ([holder] if beating else [])
    if alive:
        raise StackBusy(
            "somebody who may be at work holds the stack",
            expected="only those who are gone",
            seen="; ".join(alive),
            state="nothing was cleared",
            next=f"release abort --stack {stack} stops a release;\n"
            f"release unlock --gone --stack {stack}, when you have looked at the other machine",
        )
    if held:
        engine.unlock()
    if holder:
        asyncio.run(_clear(doors))
    unrecorded.end(project, engine, state)
    say("cleared" if held or holder else "there is nothing to clear")


_GONE = "gone"


def _fate(lock: Lock, believed: bool) -> str:
    from release.cli.backend import is_here, lives

    if not is_here(lock):
        return _GONE if believed else "on another machine, so whether it lives is not known here"
    return "lives" if lives(lock) else _GONE


async def _holder(doors: Ports) -> tuple[str, bool]:
    """Who has the lease (empty for nobody), and whether a heartbeat shows that they live."""
    from release.provider.lease import QUIET_SECONDS
    from release.provider.taking import is_silent

    first = await doors.leases.highest()
    record = await doors.leases.read(first.number) if first else {}
    if first is None or not record or record.get("released"):
        return "", False
    holder, since = f"lease {first.number} of {record.get('holder', 'somebody')}", time.monotonic()
    with working(f"listening for a heartbeat of {holder}"):
        while not is_silent(first, time.monotonic() - since):
            await asyncio.sleep(QUIET_SECONDS / 10)
            if await doors.leases.highest() != first:
                return holder, True
    return holder, False


async def _clear(doors: Ports) -> None:
    from release.provider.taking import take

    time_ = doors.time
    lease = await take(doors.leases, doors.holder, time_.clock, time_.sleep, doors.say)
    await lease.give_back("cleared after its holder was gone")
