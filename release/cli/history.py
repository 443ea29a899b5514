"""`release history`: every update of a stack, and what it did about releases."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import Stack, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release.history import Line


def history(
    stack: Stack,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    releases: Annotated[
        bool, typer.Option("--releases", help="Leave out updates that moved no release.")
    ] = False,
) -> None:
    """Tell who brought what live, from what, when, how long it took, how it ended and why."""
    from release.cli.engine import Engine
    from release.cli.project import Project
    from release.history import gaps, lines

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    engine = Engine(project)
    ledger = engine.state().ledger
    told = lines(engine.history(), ledger)
    unknown = gaps(told, ledger)
    shown = [line for line in told if line.move != "none" or not releases]
    if as_json:
        said = {"stack": stack, "updates": [asdict(line) for line in shown], "unknown": unknown}
        say(json.dumps(said, indent=2))
        return
    _show(shown)
    for each in unknown:
        say(f"not known: {each}")


def _show(shown: Sequence[Line]) -> None:
    """Two lines for each, since reasons are as long as people like."""
    for line in shown:
        took = "?" if line.seconds is None else f"{line.seconds:.0f} s"
        began = line.at.replace("T", " ").removesuffix("Z").partition(".")[0]
        say(f"{began}  {took:>7}  {line.result:<10}  {_what(line)}")
        told = [f"{line.reason!r}" if line.reason else "", line.who, line.commit and f"at {line.commit}"]
        say(" " * 42 + "; ".join(each for each in told if each))


def _what(line: Line) -> str:
    if line.move == "none":
        return line.changes or "nothing changed"
    if line.move == "refused":
        return f"{line.wanted} refused" + (f", {line.former} stayed" if line.former else "")
    if line.move == "first":
        return f"first release, {line.wanted}"
    return f"{line.move} from {line.former} to {line.wanted}"
