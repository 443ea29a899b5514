"""`release drift`: what somebody changed in AWS behind the program's back, who could have, and how it is mended."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import say, working
from release.errors import UneventfulError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release.cli.drifted import Found, Report
    from release.cli.project import Project
    from release.cli.refreshed import Changed
    from release.trail import Deed

DRIFTED = 3
"""The exit status where AWS is not as a state says; 1 is that of an environment that could not be looked at."""

_ASKED = 20
"""CloudTrail is asked about so many resources at most: it answers two questions a second."""


def drift(
    stacks: Annotated[
        list[str], typer.Option("--stack", "-s", help="An environment; repeatable.", show_default=False)
    ],
    markdown: Annotated[bool, typer.Option("--markdown", help="The text of an issue.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Ask AWS for every resource, and show what is not as the state says, who changed it or could have, and the command
    that mends it. Nothing is changed or locked.

    Exit status 0: nothing is; 3: something is; 1: an environment could not be looked at.

    Example: release drift --stack production
    """
    from release.cli.drifted import as_markdown, in_words

    here = Path.cwd()
    with working(f"asking for every resource of {', '.join(stacks)}"):
        reports = [_report(here, stacks[0])] if len(stacks) == 1 else asyncio.run(_each(here, stacks))
    if as_json:
        told = [report.model_dump(mode="json", by_alias=True) for report in reports]
        say(json.dumps({"environments": told}, indent=2))
    elif markdown:
        typer.echo(as_markdown(reports), nl=False)
    else:
        say("\n".join(line for report in reports for line in in_words(report)))
    errors = [report.error for report in reports if report.error]
    for error in errors:
        typer.echo(f"error: {error}", err=True)
    if errors or any(report.found for report in reports):
        raise typer.Exit(1 if errors else DRIFTED)


async def _each(here: Path, stacks: Sequence[str]) -> list[Report]:
    """Each by a process of its own, since each may have its own region."""
    return [*await asyncio.gather(*(_by_another(here, stack) for stack in stacks))]


async def _by_another(here: Path, stack: str) -> Report:
    from release.cli.child import RELEASE, output
    from release.cli.drifted import Report

    done = await output((*RELEASE, "drift", "--json", "--stack", stack), here, "", None)
    if not done.out.strip():
        return Report(stack=stack, error=done.why or "it was ended")
    return Report.model_validate(json.loads(done.out)["environments"][0])


def _report(here: Path, stack: str) -> Report:
    from release.cli.drifted import Report
    from release.cli.project import Project

    try:
        return asyncio.run(_look(Project.find(here, stack)))
    except UneventfulError as error:
        return Report(stack=stack, error=str(error))


async def _look(project: Project) -> Report:
    from release.cli.drift import of_resources
    from release.cli.engine import Engine
    from release.cli.standing import stand
    from release.ledger import shrunken

    engine = Engine(project)
    project.tell_region()
    state = engine.state()
    changed, standing = await asyncio.gather(asyncio.to_thread(engine.drift), stand(state))
    over = shrunken(state.ledger, datetime.now(UTC))
    return await _told(project.stack, of_resources(changed, over), standing.drift)


async def _told(stack: str, changed: Sequence[Changed], seen: Sequence[str]) -> Report:
    """With who it was, where CloudTrail may be asked, and else with who could have been."""
    from release.aws import Busy, Calls, Refused
    from release.cli.drifted import Found, Report
    from release.rights import account, service_of, who_may
    from release.trail import deeds

    found: list[Found] = []
    unasked: list[str] = []
    trail = Calls("cloudtrail")
    for place, each in enumerate(changed):
        service = service_of(each.type)
        by: tuple[Deed, ...] = ()
        # IAM's events are kept in another region.
        if service != "iam" and place < _ASKED and not unasked:
            try:
                by = await deeds(trail, each.known_as)
            except (Refused, Busy) as error:
                unasked.append(f"CloudTrail could not be asked: {error}")
        found.append(Found(what=str(each), service=service, by=by))
    told_already = {name for each in changed for name in each.known_as}
    found += [
        Found(what=line, service=_service_in(line))
        for line in seen
        if line.partition(":")[0] not in told_already
    ]
    open_ones = sorted({each.service for each in found if each.service and not each.by})
    could = {}
    if open_ones:
        try:
            told = await account(Calls("iam"))
            could = {service: who_may(told, service) for service in open_ones}
        except (Refused, Busy) as error:
            unasked.append(f"who may change these could not be asked: {error}")
    return Report(stack=stack, found=tuple(found), could=could, unasked=tuple(unasked))


def _service_in(line: str) -> str:
    """The service that a line of `release.cli.drift` is about."""
    word = line.partition(" ")[0]
    return {"weights:": "elasticloadbalancing", "schedule": "scheduler"}.get(word, "autoscaling")
