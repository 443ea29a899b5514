"""`release logs`: what processes, boots and the operations host say."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.completion import known
from release.cli.terms import Stack, say
from release.errors import CommandRefused, EnvironmentUnmade

if TYPE_CHECKING:
    from release.cli.state import StackState
    from release.logs import Line, Source

_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta")


def logs(
    stack: Stack,
    process: Annotated[
        str,
        typer.Argument(
            metavar="[PROCESS]", help="web, a worker's name, boot or operations.", show_default="all of them"
        ),
    ] = "",
    release: Annotated[
        str,
        typer.Option("--release", metavar="ID|VERSION", help="Of this release alone.", autocompletion=known),
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="SPAN", help="How far back: 90s, 10m, 1h.")
    ] = "10m",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    grep: Annotated[
        str, typer.Option("--grep", metavar="TEXT", help="Only lines that have this in them.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line, for programs.")] = False,
) -> None:
    """Show what was said, in the order of time, whether who said it still runs or not.

    Example: release logs worker --stack staging --since 1h --grep Traceback
    """
    from release.aws import warm
    from release.logs import seconds, sources

    since_ms = int((time.time() - seconds(since)) * 1000)
    from release.cli.engine import Engine
    from release.cli.project import Project

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    warm("logs")
    state = Engine(project).state()
    if not state.log_groups:
        raise EnvironmentUnmade(
            f"the environment {stack} has no log groups yet",
            expected="an environment in which a release was live",
            seen="a state without the output logGroups",
            state="nothing was changed",
            next=f"release deploy VERSION --stack {stack}",
        )
    wanted = sources(state.log_groups, state.operations_log_group, process, releases(state, release))
    try:
        shown = asyncio.run(_show(wanted, since_ms, follow, grep, as_json, tuple(state.log_groups)))
        if not shown and not as_json:
            typer.echo(f"nothing was said in the last {since}; --since 1d looks further back", err=True)
    except KeyboardInterrupt:
        if not follow:
            raise
    except BrokenPipeError:
        # Whoever read has seen enough; nor does the interpreter find anybody to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def releases(state: StackState, asked: str) -> Collection[str]:
    """The ids of the releases that somebody means by an id or a version; none where nothing is asked for.

    An id that the state does not know may be of a release that was refused: what it said is kept.
    """
    if not asked:
        return ()
    ever = {entry.release.id: entry.release.version for entry in state.ledger.entries}
    ever |= {fleet.release: fleet.version for fleet in state.fleets}
    found = [release for release, version in ever.items() if asked in (release, version)]
    if not found and not re.fullmatch("[0-9a-f]{8}", asked):
        raise CommandRefused(
            f"no release here is called {asked}",
            expected="an id, or one of the versions "
            + (", ".join(dict.fromkeys(ever.values())) or "(none yet)"),
            seen=asked,
            state="nothing was changed",
            next="release logs --release ID --stack STACK, with the id that a refused release was told with",
        )
    return found or [asked]


async def _show(
    wanted: Iterable[Source], since: int, follow: bool, grep: str, as_json: bool, processes: tuple[str, ...]
) -> int:
    """How many lines it was."""
    from release.aws import Calls
    from release.log_reading import Reader, followed, told

    readers = [Reader(Calls("logs"), source, since) for source in wanted]
    width, shown = max(map(len, (*processes, "operations"))), 0
    async for line in followed(readers) if follow else told(readers):
        if grep in line.message:
            say(_object(line) if as_json else _text(line, width, processes))
            shown += 1
    return shown


def _object(line: Line) -> str:
    return json.dumps(
        {
            "at": _moment(line),
            "process": line.process,
            "release": line.release or None,
            "instance": line.instance,
            "message": line.message,
        },
        ensure_ascii=False,
    )


def _text(line: Line, width: int, processes: tuple[str, ...]) -> str:
    from release.logs import harmless

    colour = _COLOURS[processes.index(line.process) % len(_COLOURS)] if line.process in processes else "white"
    whose = f"{line.process:<{width}} {line.release:<8} {line.instance}"
    return f"{_moment(line)} {typer.style(whose, fg=colour)} {harmless(line.message)}"


def _moment(line: Line) -> str:
    at = datetime.fromtimestamp(line.at / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
