"""`release report`: what happened in one release, as a page or as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from release.cli.terms import Stack, say
from release.cli.written import Written, as_object, write
from release.errors import ReleaseUnknown

if TYPE_CHECKING:
    from release.cli.state import StackState
    from release.timeline import Store, Timeline

_REPORT = Written("release report RELEASE --stack STACK --out report.html")
_TRIED = 50
"""Releases that were never live are found by version among so many: those that were worked on last."""


def report(
    stack: Stack,
    release: Annotated[
        str,
        typer.Argument(
            metavar="[RELEASE]", help="A version or an id.", show_default="what was worked on last"
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where to write: a .html or a .json file.", dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for programs.")] = False,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="MOMENT",
            help="Of several times, the one that began then: 2026-01-31T09.",
            show_default="the last",
        ),
    ] = "",
) -> None:
    """Tell what happened in a release: weights over time, requests and errors by release, decisions and why.

    Also of one that was refused, stopped or killed, and of a rollback.

    Example: release report 2 --stack production --out report.html
    """
    if out is None and not as_json:
        raise _REPORT.refused("--out FILE or --json", "neither")
    if out is not None:
        _REPORT.must_be_known(out)
    found = _found(stack, release, at)
    if as_json:
        say(as_object(found).rstrip())
    if out is not None:
        write(found, out, _page)
        if not as_json:
            name = found["release"]["version"] or found["release"]["id"]
            source = (
                "its timeline" if found["source"] == "timeline" else "the ledger, since it has no timeline"
            )
            say(f"{out}: {found['kind']} of {name}, {found['outcome'] or 'unfinished'}; from {source}")


def _found(stack: str, wanted: str, at: str) -> Mapping[str, Any]:
    from release.audit.record import read
    from release.aws import Calls
    from release.cli.engine import Engine
    from release.cli.project import Project
    from release.cli.state import StackState
    from release.report.report import Stack as Told
    from release.report.report import report
    from release.report.stories import stories
    from release.timeline_store import BucketTimelines

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    engine = Engine(project)
    exported = engine.exported()
    state, record = StackState.parse(exported), read(exported)
    store = BucketTimelines(Calls("s3"), state.bucket)
    identity, timelines = asyncio.run(_timelines(store, stack, wanted, state))
    told = [each for each in stories(timelines) if each.started.startswith(at)]
    if at and not told:
        raise _REPORT.refused(
            f"--at {' or '.join(sorted({each.started[:19] for each in timelines})) or 'nothing: it has no timeline'}",
            f"--at {at}",
        )
    version = timelines[0].version if timelines else ""
    about = Told(stack, record.project, state.ledger, engine.history(), state.runs)
    return report(about, identity, version, told)


async def _timelines(
    store: Store, stack: str, wanted: str, state: StackState
) -> tuple[str, tuple[Timeline, ...]]:
    """The release (id) that is meant, and its timelines. Raises ReleaseUnknown where nobody has heard of it."""
    from release.timeline import read, releases

    known = await releases(store, stack) if state.bucket else ()
    live = state.ledger.live
    if not wanted and (known or live):
        identity = known[0] if known else live.release.id if live else ""
        return identity, await read(store, stack, identity) if known else ()
    found = [entry.release.id for entry in state.ledger.of_version(wanted)]
    for identity in (
        wanted,
        *sorted(found, key=lambda each: known.index(each) if each in known else len(known)),
    ):
        if identity in known:
            return identity, await read(store, stack, identity)
        if state.ledger.find(identity):
            return identity, ()
    for identity in [each for each in known if state.ledger.find(each) is None][:_TRIED]:
        timelines = await read(store, stack, identity)
        if timelines and timelines[0].version == wanted:
            return identity, timelines
    raise ReleaseUnknown(
        f"nothing is known of a release {wanted!r} of {stack}"
        if wanted
        else f"nothing was released to {stack} yet",
        expected="a version or an id that was live or was tried",
        seen=", ".join(str(entry.release) for entry in state.ledger.entries[-5:]) or "an empty ledger",
        state="nothing was written",
        next=f"release history --stack {stack}",
    )


def _page(report: Mapping[str, Any]) -> str:
    from release.report.page import render

    return render(report)
