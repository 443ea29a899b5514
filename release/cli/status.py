"""`release status`: what runs, what serves, and what the balancer was told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import Stack, say

if TYPE_CHECKING:
    from release.cli.facts import Facts
    from release.cli.state import StackState


def status(
    stack: Stack,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Show what is live, warm and on trial, the weights as told and as served, and the instances."""
    from release.aws import warm
    from release.cli.engine import Engine
    from release.cli.facts import gather
    from release.cli.project import Project

    project = Project.find(Path.cwd(), stack)
    engine = Engine(project)
    project.tell_region()
    warm("elbv2", "autoscaling")
    state = engine.state()
    facts = asyncio.run(gather(state))
    if as_json:
        say(json.dumps(as_object(stack, state, facts), indent=2))
        return
    from release.cli.table import show

    show(stack, state, facts)


def as_object(stack: str, state: StackState, facts: Facts) -> dict[str, object]:
    """The status as JSON's own types.

    `releases` has one object for each fleet, live first: `state` is live, warm or candidate; `weight` is
    what the balancer's rule says (null where it doesn't name the fleet), `served` the share of `sampled`
    answers on fresh connections (0 to 1), `wanted` the size that the auto-scaling group keeps up.
    """
    live = state.ledger.live
    return {
        "stack": stack,
        "url": facts.url,
        "live": live.release.id if live else None,
        "liveAt": live.live_at if live else None,
        "sampled": facts.sampled,
        "failures": facts.failures,
        "releases": [
            {
                "id": fleet.release,
                "version": fleet.version,
                "state": fleet.role,
                "weight": fleet.weight,
                "served": facts.share(fleet.release),
                "healthy": fleet.healthy,
                "targets": fleet.targets,
                "wanted": fleet.wanted,
            }
            for fleet in facts.fleets
        ],
    }
