"""`release history`: every update of a stack, what it did about releases, and the commands that were run beside."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import Stack, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release.history import Line
    from release.runs import Run


def history(
    stack: Stack,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    releases: Annotated[
        bool, typer.Option("--releases", help="Leave out commands, and updates that moved no release.")
    ] = False,
) -> None:
    """Tell who brought what live, from what, when, how long it took, how it ended, what was seen and why.

    Needs no answer from AWS, but for the commands of release run.

    Example: release history --stack production --releases
    """
    from release.cli.engine import Engine
    from release.cli.project import Project
    from release.history import gaps, lines

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    engine = Engine(project)
    state = engine.state()
    told = lines(engine.history(), state.ledger)
    commands, unasked = ((), ()) if releases else _commands(state.operations_log_group)
    unknown = (*unasked, *gaps(told, state.ledger))
    shown = [line for line in told if line.move != "none" or not releases]
    if as_json:
        said = {
            "stack": stack,
            "updates": [asdict(line) for line in shown],
            "commands": [run.model_dump() for run in commands],
            "unknown": unknown,
        }
        say(json.dumps(said, indent=2))
        return
    _show(shown, commands)
    for each in unknown:
        say(f"not known: {each}")


def _commands(group: str) -> tuple[Sequence[Run], tuple[str, ...]]:
    """Those that the operations host has recorded, and in words why they are not told where AWS cannot be asked."""
    from release.aws import Busy, Refused
    from release.run_log import read

    if not group:
        return (), ()
    try:
        return asyncio.run(read(group)), ()
    except (Busy, Refused) as error:
        return (), (f"the commands of release run, since CloudWatch Logs did not tell: {error}",)


def _show(shown: Sequence[Line], commands: Sequence[Run]) -> None:
    """The latest first."""
    told = [(line.at, _update(line)) for line in shown] + [(run.at, _command(run)) for run in commands]
    for _, lines in sorted(told, key=lambda each: each[0], reverse=True):
        for line in lines:
            say(line)


def _update(line: Line) -> list[str]:
    """One line, and below it what else is known, since reasons are as long as people like."""
    took = "?" if line.seconds is None else f"{line.seconds:.0f} s"
    first = f"{_moment(line.at)}  {took:>7}  {line.result:<10}  {_what(line)}"
    who = line.who + (f" ({line.by})" if line.by else "")
    about = [f"{line.reason!r}" if line.reason else "", who, line.commit and f"at {line.commit}"]
    seen = [
        f"migrations {', '.join(line.migrations)}" if line.migrations and line.move != "contract" else "",
        f"{line.requests} requests observed" if line.requests is not None else "",
    ]
    below = ("; ".join(each for each in some if each) for some in (about, seen))
    return [first, *(" " * 42 + each for each in below if each)]


def _command(run: Run) -> list[str]:
    took = "?" if run.seconds is None else f"{run.seconds:.0f} s"
    result = run.why or "runs" if run.exit is None else f"exit {run.exit}"
    first = f"{_moment(run.at)}  {took:>7}  {result:<10}  ran {run.command!r}"
    return [first, " " * 42 + f"on version {run.version} ({run.release}); {run.by}"]


def _moment(at: str) -> str:
    return at.replace("T", " ").removesuffix("Z").partition(".")[0]


def _what(line: Line) -> str:
    if line.move == "none":
        return line.changes or "nothing changed"
    if line.move == "refused":
        return f"{line.wanted} refused" + (f", {line.former} stayed" if line.former else "")
    if line.move == "first":
        return f"first release, {line.wanted}"
    if line.move == "contract":
        return f"contract {', '.join(line.migrations)} of {line.wanted}"
    return f"{line.move} from {line.former} to {line.wanted}"
