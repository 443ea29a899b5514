"""`release rollback`: the last good release serves again, at once where it is warm."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from release.cli import answer
from release.cli.completion import known
from release.cli.terms import AsJson, Stack, Why, say
from release.errors import RollbackUnrecorded, ScalingError, Shrunk, UneventfulError
from release.warmth import instant

if TYPE_CHECKING:
    from release.cli.project import Project
    from release.cli.state import StackState
    from release.immediate import Moved
    from release.ledger import Entry

_ATTEMPTS = 3
_AT_ONCE, _IN_THE_END = 1.0, 60.0
"""How long (s) to ask that nothing shrinks before the traffic moves, and then again after it."""


def rollback(
    stack: Stack,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="ID|VERSION",
            help="Where to.",
            show_default="the last good release",
            autocompletion=known,
        ),
    ] = "",
    reason: Why = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Go back to a release that was live. A warm one has all the traffic in about a second.

    Ends with 0 only when it serves all the traffic and the stack's state says so.

    Example: release rollback --stack production --reason "orders are slow"
    """
    started = time.monotonic()
    if as_json:
        answer.alone()
    from release.aws import warm
    from release.cli.project import Project

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    warm("elbv2", "s3", "autoscaling")
    from release import rollback as ways
    from release.cli.engine import Engine
    from release.cli.traffic import group_of, healthy, look
    from release.cli.whole import must_be_whole, verifying

    engine = Engine(project)
    state = engine.state()
    verified = verifying(state)
    now, _ = asyncio.run(look(state))
    entry = ways.target(state.ledger, to, now)
    stands = ways.is_warm(entry) and instant(entry, datetime.now(UTC))
    instances = asyncio.run(healthy(state, entry.release.id)) if stands else 0
    former = ways.leaving(state.ledger, entry, now)
    say(f"rollback of {stack} from {former} to {entry.release}")
    say(f"  cost: {ways.cost(entry, instances)}")
    must_be_whole(entry, state, stack, verified)
    if not yes and sys.stdin.isatty():
        typer.confirm("go back?", default=True, abort=True)
        started = time.monotonic()
    why = reason or f"rollback to {entry.release}"
    if not (
        stands and group_of(state, entry.release.id) and _moved(entry, state, stack, why, started, former)
    ):
        _boot(entry, state, stack, why)
    else:
        _record(project, entry, state, why, started)
    if as_json:
        answer.tell(_served(engine.state(), stack, started))


def _served(state: StackState, stack: str, started: float) -> dict[str, Any]:
    from release.cli.facts import gather
    from release.cli.moved import as_object

    return as_object(stack, state, asyncio.run(gather(state, sample=100)), time.monotonic() - started)


def _boot(entry: Entry, state: StackState, stack: str, why: str) -> None:
    """The way of any release, with what the ledger froze."""
    from release.cli.deploy import Wish, bring
    from release.store import open_store

    open_store(state.bucket).verify(entry.release.manifest)
    bring(f"id:{entry.release.id}", stack, Wish(why))


def _moved(entry: Entry, state: StackState, stack: str, why: str, started: float, former: str) -> bool:
    """Give the release all the traffic; False, and nothing was moved, where its instances have just left."""
    from release.cli.following import follow
    from release.cli.noted import note
    from release.cli.traffic import group_of, ports
    from release.immediate import Target, move

    release = entry.release
    target = Target(release.id, str(release), group_of(state, release.id), state.listener)

    async def kept_and_moved() -> Moved:
        kept: list[bool] = []

        async def keep() -> None:
            kept.append(await _keep(entry, state, _AT_ONCE))

        moved = await move(target, why, ports(state, release.manifest.health_path), keep)
        if not all(kept) and not await _keep(entry, state, _IN_THE_END):
            say(
                f"  the groups of {release} may still shrink, at {entry.warm_until or 'a time that is not known'}"
            )
        return moved

    try:
        moved = asyncio.run(kept_and_moved())
    except Shrunk:
        return False
    except UneventfulError as error:
        raise type(error)(
            error.what,
            expected=error.expected,
            seen=error.seen,
            state=error.state or "see what serves before anything else",
            next=error.next.replace("STACK", stack) or f"release status --stack {stack}",
        ) from error
    _tell(entry, moved, started)
    followed = asyncio.run(follow(state, release, why, started))
    note(state, stack, release, former, why, started, moved, followed)
    return True


async def _keep(entry: Entry, state: StackState, patience: float) -> bool:
    """See that what gets the traffic does not shrink; False where nobody answers. Raises Shrunk where it has."""
    from release.sizes import AutoScaling

    if entry.state == "warm" and not entry.warm_until:
        # No time ends this one's warmth; from before there was one, its workers' groups may have been of no size.
        return True
    groups = [group.name for group in state.groups if group.release == entry.release.id]
    try:
        await AutoScaling().keep(groups, patience)
    except Shrunk:
        raise
    except ScalingError:
        return False
    return True


def _tell(entry: Entry, moved: Moved, started: float) -> None:
    if moved.former:
        say(f"  the last writer of the weights, {moved.former}")
    done = f"weights written {moved.written - started:.2f} s after the command"
    say(f"  {done if moved.wrote else 'the weights were there already, nothing was written'}")
    if moved.last_other is not None:
        say(f"  the last answer by another release {moved.last_other - moved.written:.2f} s after that")
    say(
        f"{entry.release} serves all the traffic, proven by {moved.probes} probes "
        f"{moved.proven - started:.2f} s after the command"
    )


def _record(project: Project, entry: Entry, state: StackState, why: str, started: float) -> None:
    """The update by which the stack's state says so too."""
    from release.cli.engine import Engine
    from release.cli.locks import settle
    from release.cli.traffic import ports
    from release.immediate import unpin

    engine, release, stack = Engine(project), entry.release, project.stack
    say("\nrecording it in the stack's state")
    for _ in range(_ATTEMPTS):
        held = settle(project)
        if held:
            raise _unrecorded(entry, stack, f"the stack is locked by {'; '.join(map(str, held))}")
        moment = engine.state().moment
        ended = engine.up(f"id:{release.id}", why, ask=False)
        # Who was told to stop may run one more update, to tidy up, and be faster than this one.
        if ended.status == 0 or ended.interrupted or engine.state().moment != moment:
            break
    live = engine.state().ledger.live
    if ended.status or live is None or live.release.id != release.id:
        seen = (
            "interrupted"
            if ended.interrupted
            else f"pulumi up ended with {ended.status}, its reason is above"
        )
        raise _unrecorded(
            entry, project.stack, f"{seen}; the state says {live.release if live else 'nothing'} is live"
        )
    asyncio.run(unpin(ports(state, release.manifest.health_path)))
    say(
        f"{release} is live by the stack's state as well, {time.monotonic() - started:.0f} s from the command"
    )


def _unrecorded(entry: Entry, stack: str, seen: str) -> RollbackUnrecorded:
    release = entry.release
    return RollbackUnrecorded(
        f"{release} has the traffic, and the stack's state does not say so yet",
        expected="an update that records it",
        seen=seen,
        state=f"all traffic is on {release}, proven, and no update can give it to another one;\n"
        "the sizes of the fleets are as they were before",
        next=f"release rollback --to {release.id} --stack {stack} records it, and moves nothing",
    )
