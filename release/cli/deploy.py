"""`release deploy`: a version goes live, or everything stays as it was."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from release.cli import answer
from release.cli.completion import deployable
from release.cli.terms import (
    AcceptApi,
    AsJson,
    Out,
    OverrideFreeze,
    Stack,
    Why,
    for_this_update,
    say,
    with_override,
)
from release.errors import NotReleased, NotServing, ShiftCancelled, UneventfulError

if TYPE_CHECKING:
    from release.cli.engine import Engine
    from release.cli.facts import Facts
    from release.cli.project import Project
    from release.cli.state import StackState
    from release.ledger import Entry


def deploy(
    version: Annotated[
        str,
        typer.Argument(
            metavar="VERSION",
            help="A version, or id:RELEASE to go back to one that was live.",
            autocompletion=deployable,
        ),
    ],
    stack: Stack,
    keep: Annotated[bool, typer.Option("--keep", help="Leave a refused release's fleet for a look.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't show a preview and ask first.")] = False,
    reason: Why = "",
    out: Out = None,
    override_freeze: OverrideFreeze = "",
    accept_api_changes: AcceptApi = "",
    as_json: AsJson = False,
) -> None:
    """Bring a version live. Ends with 0 only when it serves all the traffic.

    Example: release deploy 2024.1 --stack production --reason "the new basket"
    """
    if as_json:
        answer.alone()
    also = for_this_update(override_freeze, accept_api_changes)
    why = with_override(reason or f"release {version}", override_freeze, accept_api_changes)
    served = bring(version, stack, Wish(why, keep, ask=not yes and sys.stdin.isatty(), also=also), out)
    if as_json:
        answer.tell(served)


@dataclass(frozen=True)
class Wish:
    """How a version goes live: the update's message, whether a refused fleet is left, whether a person is asked, and
    other keys of the configuration that this one update has.
    """

    message: str
    keep: bool = False
    ask: bool = False
    also: Mapping[str, str] = field(default_factory=dict)


def bring(version: str, stack: str, wish: Wish, out: Path | None = None) -> dict[str, Any]:
    """Bring a version live, from the stack's bucket or, where it is not there, from the folder `out`; who serves then,
    as `release.cli.moved` tells it.

    Raises ShiftError where it is not what serves in the end.
    """
    from release.aws import warm
    from release.cli import unrecorded
    from release.cli.engine import Engine
    from release.cli.project import Project
    from release.cli.return_traffic import left_by_the_dead

    started = time.monotonic()
    project = Project.find(Path.cwd(), stack)
    engine = Engine(project)
    project.tell_region()
    before = engine.state()
    digest = _make_available(version, out or project.bundles, project, before)
    warm("elbv2", "autoscaling")
    unrecorded.end(project, engine, before)
    ended = engine.up(version, wish.message, wish.ask, wish.also)
    after = engine.state()
    if ended.status == 0:
        return _confirm(version, digest, after, stack, time.monotonic() - started)
    returned = left_by_the_dead(after, stack)
    if returned:
        say(returned)
    if ended.interrupted:
        raise _interrupted(version, stack, after)
    left = (
        _remove_candidate(engine, stack, version)
        if not wish.keep and _left_one(version, before, after)
        else ""
    )
    raise _refused(version, stack, engine.state() if left else after, left)


def _make_available(version: str, folder: Path, project: Project, state: StackState) -> str:
    """Publish the version if need be; the digest that must go live, empty where the ledger names it."""
    from release.cli.publish import make_available
    from release.plan import BY_ID

    if version.startswith(BY_ID):
        return ""
    return make_available(version, folder, project, state).digest


def _confirm(version: str, digest: str, state: StackState, stack: str, seconds: float) -> dict[str, Any]:
    live = state.ledger.live
    if live is None or not _is_wanted(live, version, digest):
        raise NotServing(
            f"the update ended well, and yet {version} is not what is live",
            expected=f"{version} live in the ledger",
            seen=f"{live.release} live" if live else "nothing live",
            next=f"release status --stack {stack}",
        )
    facts = _look(state)
    if facts is None or not facts.serves_all(live.release.id):
        raise NotServing(
            f"{live.release} is live by the ledger, and does not serve all the traffic",
            expected="every answer on a fresh connection by this release, and all weight on it",
            seen=_served(state, facts),
            next=f"release status --stack {stack}, then pulumi up --stack {stack}",
        )
    say(f"{live.release} serves all the traffic: {_served(state, facts)}; {seconds:.0f} s from the command")
    for entry in state.ledger.warm[:1]:
        say(f"  to go back: release rollback --stack {stack}  ({entry.release} is warm)")
    from release.cli.moved import as_object

    return as_object(stack, state, facts, seconds)


def _is_wanted(live: Entry, version: str, digest: str) -> bool:
    release = live.release
    return f"id:{release.id}" == version or (release.version == version and release.manifest.digest == digest)


def _left_one(version: str, before: StackState, after: StackState) -> bool:
    """Whether this update began and left a fleet of its own: not one that somebody keeps for a look."""
    own = [fleet for fleet in after.candidates if fleet not in before.candidates or fleet.version == version]
    return after.moment != before.moment and bool(own)


def _remove_candidate(engine: Engine, stack: str, version: str) -> str:
    """Run the update that removes what was refused; what to type where it fails, else what was done."""
    say(f"\n{version} was refused: removing its fleet (--keep would leave it)")
    ended = engine.up(None, f"remove the refused release {version}", ask=False)
    if ended.status == 0:
        return "its fleet is gone"
    return f"its fleet could not be removed: pulumi up --stack {stack}"


def _refused(version: str, stack: str, state: StackState, left: str) -> UneventfulError:
    remain = ", ".join(fleet.release for fleet in state.candidates)
    if remain and not left:
        left = f"the fleet of {remain} is still there: pulumi up --stack {stack} removes it"
    return NotReleased(
        f"{version} was not released; the reason is above",
        expected=f"{version} serving all the traffic",
        seen=_served(state, _look(state)),
        state="\n".join(line for line in (_live(state), left) if line),
        next=f"repair it, and release it as another version; release status --stack {stack} shows what runs",
    )


def _interrupted(version: str, stack: str, state: StackState) -> UneventfulError:
    return ShiftCancelled(
        f"interrupted: {version} was not released",
        seen=_served(state, _look(state)),
        state=_live(state),
        next=f"release deploy {version} --stack {stack} goes on with it,\n"
        f"pulumi up --stack {stack} removes what it left",
    )


def _live(state: StackState) -> str:
    live = state.ledger.live
    return f"{live.release} is live, as before" if live else "nothing is live, as before"


def _look(state: StackState) -> Facts | None:
    """What is true now; None where AWS can't be asked, which never hides the error that we are about to
    tell.
    """
    from release.cli.facts import gather

    try:
        return asyncio.run(gather(state, sample=100))
    except UneventfulError:
        return None


def _served(state: StackState, facts: Facts | None) -> str:
    """In words, who answered."""
    if facts is None:
        return "AWS could not be asked what serves"
    if not facts.sampled:
        return "no traffic, as nothing is live"
    names = {entry.release.id: str(entry.release) for entry in state.ledger.entries}
    told = [f"{count} by {names.get(release, release)}" for release, count in facts.served.items()]
    return f"of {facts.sampled} answers on fresh connections " + ", ".join(
        told + ([f"failed: {facts.failures}"] if facts.failures else [])
    )
