"""`release compare`: where the settings of two stacks differ."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from release.cli.completion import stacks
from release.cli.project import Project
from release.cli.terms import say
from release.errors import CommandRefused

if TYPE_CHECKING:
    from release.comparison import Comparison

WIDE = 10_000
"""Columns: a row is as wide as its values, which nothing may cut off."""


def compare(
    first: Annotated[
        str, typer.Argument(metavar="A", help="A stack: dev, staging, production.", autocompletion=stacks)
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.", autocompletion=stacks)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Show every setting that differs between two stacks, defaults included.

    Reads the two stack files and nothing else. The exit status is 0 whether or not there are differences.

    Example: release compare staging production
    """
    from infra.neighbours import clash, place_of
    from release.cli.settings import read_settings, stacks_of
    from release.comparison import compare as compared

    here = Path.cwd()
    projects = (Project.find(here, first), Project.find(here, second))
    check(projects, stacks_of(projects[0].folder))
    one, other = (read_settings(project) for project in projects)
    comparison, warning = compared(one, other), clash(place_of(one), place_of(other))
    if as_json:
        say(json.dumps(as_object((one.stack, other.stack), comparison, warning), indent=2))
        return
    if comparison.differences:
        show((one.stack, other.stack), comparison)
        say(f"identical otherwise ({comparison.identical} settings)")
    else:
        say("no difference")
    if warning:
        say(f"warning: {warning}")


def check(projects: Sequence[Project], stacks: Sequence[str]) -> None:
    """Raises CommandError for a stack without a file, and for one that is to be compared with itself."""
    for project, other in zip(projects, reversed(projects), strict=True):
        if not project.stack_file.is_file():
            others = [stack for stack in stacks if stack != other.stack]
            near = difflib.get_close_matches(project.stack, others, n=1, cutoff=0) or ["STACK"]
            pair = [near[0] if one is project else one.stack for one in projects]
            raise CommandRefused(
                f"the stack {project.stack} has no file",
                expected=f"{project.stack_file.name} in {project.folder}",
                seen=", ".join(f"Pulumi.{stack}.yaml" for stack in stacks) or "no stack file",
                state="nothing was touched",
                next=f"release compare {pair[0]} {pair[1]}",
            )
    first, second = projects
    if first.stack_file == second.stack_file:
        others = [f"Pulumi.{stack}.yaml" for stack in stacks]
        another = next((s for s in stacks if f"Pulumi.{s}.yaml" != first.stack_file.name), "STACK")
        raise CommandRefused(
            f"the stack {first.stack} cannot be compared with itself",
            expected="two stacks, of " + ", ".join(others),
            seen=f"{first.stack_file.name}, twice",
            state="nothing was touched",
            next=f"release compare {first.stack} {another}",
        )


def as_object(stacks: tuple[str, str], comparison: Comparison, warning: str) -> dict[str, object]:
    """The comparison as JSON's own types: of each difference the values by stack, null where it is not set."""
    return {
        "stacks": list(stacks),
        "differences": [
            {"key": found.key, "values": dict(zip(stacks, (found.first, found.second), strict=True))}
            for found in comparison.differences
        ],
        "identical": comparison.identical,
        "warnings": [warning] if warning else [],
    }


def show(stacks: tuple[str, str], comparison: Comparison) -> None:
    """Print the differences as a table; colours only on a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("setting", *stacks):
        table.add_column(Text(heading), no_wrap=True)
    for found in comparison.differences:
        table.add_row(*map(Text, (found.key, in_words(found.first), in_words(found.second))))
    Console(width=WIDE, soft_wrap=True, highlight=False).print(table)


def in_words(value: Any) -> str:
    """A value as a stack file would have it on one line; quoted where it could be read as something else."""
    if value is None:
        return "not set"
    if isinstance(value, str) and re.fullmatch(r"[\w./:@+-]+", value):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)
