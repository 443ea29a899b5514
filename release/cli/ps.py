"""`release ps`: which instance runs which process of which release, and how it is."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import Stack, say

if TYPE_CHECKING:
    from release.cli.instances import Instance

_COLOURS = {
    **dict.fromkeys(("healthy", "running", "working"), "green"),
    **dict.fromkeys(("booting", "resting"), "cyan"),
    **dict.fromkeys(("unhealthy", "failed"), "red"),
}


def ps(
    stack: Stack,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Show the instances of all releases that run, and how the process of each is. What one said: release logs.

    What a process uses is a minute old at most, and its CPU in % of one processor; ? is what is not known yet.

    Example: release ps --stack production
    """
    from release.aws import warm
    from release.cli.engine import Engine
    from release.cli.instances import look
    from release.cli.project import Project

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    warm("autoscaling", "ec2", "elbv2", "logs")
    instances = asyncio.run(look(Engine(project).state()))
    if as_json:
        told = {"stack": stack, "instances": [asdict(each) for each in instances]}
        say(json.dumps(told, indent=2))
    elif instances:
        _show(instances)
    else:
        say(f"no instance runs\n  next: release status --stack {stack}")


def _show(instances: tuple[Instance, ...]) -> None:
    """As wide as it needs to be: an instance's id that is cut short is of no use to anybody."""
    headings = (
        "process",
        "version",
        "release",
        "instance",
        "state",
        "since",
        "restarts",
        "cpu",
        "memory",
        "type",
        "zone",
    )
    rows = [headings, *map(_row, instances)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, each in zip(rows, (None, *instances), strict=True):
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        if each:
            cells[4] = typer.style(cells[4], fg=_COLOURS.get(each.state, "yellow"))
        say("  ".join(cells).rstrip())
    for each in instances:
        if each.reason:
            say(f"{each.process} {each.id} is {each.state}: {each.reason}")


def _row(each: Instance) -> tuple[str, ...]:
    uses = (
        "?" if each.restarts is None else str(each.restarts),
        "?" if each.cpu is None else f"{each.cpu:.1f} %",
        "?" if each.memory is None else f"{each.memory / 2**20:.0f} MB",
    )
    whose = (each.process, each.version or "?", each.release, each.id)
    return (*whose, each.state, each.since, *uses, each.type, each.zone)
