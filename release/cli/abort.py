"""`release abort`: a release that runs, here or on another machine, is stopped; its traffic goes back first."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from release.cli.terms import Stack, say
from release.errors import CommandError, PlanError

if TYPE_CHECKING:
    from release.cli.backend import Lock
    from release.cli.project import Project
    from release.cli.state import StackState

_WHY = "release abort"


def abort(stack: Stack) -> None:
    """Stop the release that runs on a stack. Ends with 0 when what was live has all the traffic, and nothing runs."""
    from release.aws import warm
    from release.cli.project import Project

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    warm("elbv2", "s3")
    from release.cli.engine import Engine
    from release.cli.locks import locks
    from release.cli.traffic import look

    state = Engine(project).state()
    now, record = asyncio.run(look(state))
    held = locks(project)
    if now.pinned and not now.releasing:
        raise PlanError(
            "what runs is no release: a rollback moved the traffic, and is not recorded yet",
            expected="a release that is on its way",
            seen=f"all traffic meant for {now.pinned}; the last writer of the weights: {record.get('holder')}",
            state="nothing was changed",
            next=f"release rollback --to {now.pinned} --stack {stack}",
        )
    if not held and not now.unfinished and not now.releasing:
        live = state.ledger.live
        say(f"nothing runs on {stack}: {f'{live.release} is live' if live else 'nothing is live yet'}")
        return
    for lock in held:
        say(f"an update runs: {lock}")
    _take_back(state)
    _end(project, state, held)


def _take_back(state: StackState) -> None:
    """All traffic to what is live by the ledger; to nobody where nothing is."""
    from release.cli.traffic import group_of, ports
    from release.immediate import Target, give_way, move

    live = state.ledger.live
    if live is None:
        asyncio.run(give_way(_WHY, ports(state, "/")))
        say("whoever moved traffic has given it back: nothing was live before")
        return
    release = live.release
    target = Target(release.id, str(release), group_of(state, release.id), state.listener)
    moved = asyncio.run(move(target, _WHY, ports(state, release.manifest.health_path)))
    if moved.former:
        say(f"  the last writer of the weights, {moved.former}")
    say(f"{release} has all the traffic, proven by {moved.probes} probes")


def _end(project: Project, state: StackState, held: tuple[Lock, ...]) -> None:
    """The update itself, where it can be told; until it has ended it gets no traffic any more."""
    from release.cli.backend import is_here, lives
    from release.cli.locks import settle
    from release.cli.traffic import ports
    from release.immediate import unpin

    for lock in held:
        if is_here(lock) and lives(lock):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(lock.pid, signal.SIGINT)
                say(f"told process {lock.pid} to stop")
    left = settle(project)
    if left:
        raise CommandError(
            "the update still runs, and gets no traffic",
            expected="it to end within 60 s",
            seen="; ".join(map(str, left)),
            state="all traffic is where it was before the release",
            next=f"stop it where it runs, then: release abort --stack {project.stack}",
        )
    live = state.ledger.live
    if live:
        asyncio.run(unpin(ports(state, live.release.manifest.health_path)))
    say(f"stopped; its fleet, if it has one: pulumi up --stack {project.stack} removes it")
