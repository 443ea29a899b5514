"""`release status`: what runs, what serves, and what AWS was told, of one environment or of all."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.completion import stacks
from release.cli.terms import say
from release.errors import AwsUnanswered, CommandRefused

if TYPE_CHECKING:
    from release.cli.project import Project


def status(
    stack: Annotated[
        str,
        typer.Option(
            "--stack", "-s", help="The environment: dev, staging, production.", autocompletion=stacks
        ),
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="A line for each environment.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    full: Annotated[
        bool, typer.Option("--drift", help="Ask for every resource whether it is as the state says.")
    ] = False,
    profiles: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            metavar="STACK=NAME",
            help="The AWS profile for one environment of --all; repeatable.",
        ),
    ] = None,
) -> None:
    """Show what is live, warm and on trial, the weights as told and as served, and all that belongs to it.

    With --all the exit status is 1 where an environment could not be asked.

    Example: release status --stack production
    """
    if every == bool(stack):
        raise CommandRefused(
            "status is of one environment or of all",
            expected="--stack STACK, or --all",
            seen="both" if stack else "neither",
            state="nothing was asked",
            next="release status --all",
        )
    if every:
        from release.cli.environments import ask_all

        if ask_all(Path.cwd(), profiles or (), as_json=as_json, full=full):
            raise typer.Exit(1)
        return
    from release.cli.project import Project

    _one(Project.find(Path.cwd(), stack), as_json, full)


def _one(project: Project, as_json: bool, full: bool) -> None:
    from release.aws import warm
    from release.cli.engine import Engine

    engine = Engine(project)
    project.tell_region()
    warm("elbv2", "autoscaling", "s3", "sqs", "cloudwatch", "ec2", "scheduler")
    from release.cli.drift import of_resources
    from release.cli.locks import locks
    from release.cli.standing import stand
    from release.cli.told import as_object
    from release.ledger import shrunken

    state, held, now = engine.state(), locks(project), datetime.now(UTC)
    standing = replace(asyncio.run(stand(state)), freeze=freeze_of(project, now))
    over = shrunken(state.ledger, now)
    changed = tuple(map(str, of_resources(engine.drift(), over))) if full else ()
    if as_json:
        told = as_object(project.stack, state, standing, [str(lock) for lock in held])
        told["drift"] = [*standing.drift, *changed]
        say(json.dumps(told, indent=2))
    else:
        from release.cli.table import show

        show(project.stack, state, standing, held, changed if full else None)
    if standing.facts is None:
        raise AwsUnanswered(
            f"AWS could not be asked about {project.stack}",
            expected="answers with the credentials in this environment",
            seen="; ".join(standing.unknown),
            state="nothing was changed; what is shown is what the stack's state says",
            next="aws sts get-caller-identity",
        )


def freeze_of(project: Project, now: datetime) -> str:
    """In words, until when nothing is released by the stack's file; empty where releases are free."""
    from pydantic import ValidationError

    from infra.freezes import Freeze
    from release.cli.settings import value_in
    from release.freeze import frozen

    try:
        windows = [
            Freeze.model_validate_json(json.dumps(each))
            for each in value_in(project, "uneventful:freeze") or ()
        ]
    except (ValidationError, TypeError):
        return f"not known: uneventful:freeze in {project.stack_file.name} cannot be read"
    return str(frozen(windows, now) or "")
