"""All environments of a project, each asked by a process of its own: each may have its own region and credentials."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from release.cli.child import RELEASE, output
from release.cli.engine import Engine
from release.cli.project import Project
from release.cli.settings import stacks_of
from release.cli.terms import say, working
from release.errors import CommandRefused

PATIENCE = 60.0
"""Seconds after which an environment counts as one that does not answer."""


def ask_all(here: Path, profiles: Sequence[str], *, as_json: bool, full: bool) -> bool:
    """Print the status of each environment, of those that have a file in the project and those that the backend holds;
    whether one of them could not be asked. One that was never made needs no answer.

    Raises CommandError outside a project, and for a profile that names no environment.
    """
    folder = Project.find(here, "").folder
    stacks, made = known(folder)
    chosen = profiles_of(profiles, stacks)
    with working(f"asking {', '.join(made)}"):
        answers = asyncio.run(_all(folder, made, chosen, full))
    told = [answers.get(stack) or {"stack": stack, "asked": False, "made": False} for stack in stacks]
    if as_json:
        say(json.dumps({"environments": told}, indent=2))
    else:
        from release.cli.overview import show

        show(told)
    return any(each.get("error") for each in told)


def known(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The stacks of a project, those that have a file in it and those that the backend holds; and the latter alone.

    Raises CommandError where the backend does not tell, or there is no `pulumi`.
    """
    made = Engine(Project(folder, "")).stacks()
    return tuple(sorted({*stacks_of(folder), *made})), made


async def ask(folder: Path, stack: str, profile: str, full: bool) -> dict[str, Any]:
    """The status of one as `status --json` tells it, with `error` where that is not all of the truth."""
    command = (*RELEASE, "status", "--json", "--stack", stack, *(["--drift"] if full else []))
    told: dict[str, Any] = {"stack": stack, "asked": False}
    try:
        done = await output(command, folder, profile, PATIENCE if not full else None)
    except TimeoutError:
        return told | {"error": f"no answer in {PATIENCE:.0f} s"}
    if done.out.strip():
        told = json.loads(done.out)
    if done.status:
        told["error"] = done.why
    return told


async def _all(
    folder: Path, stacks: Sequence[str], profiles: Mapping[str, str], full: bool
) -> Mapping[str, dict[str, Any]]:
    asked = [ask(folder, stack, profiles.get(stack, ""), full) for stack in stacks]
    return dict(zip(stacks, await asyncio.gather(*asked), strict=True))


def profiles_of(given: Sequence[str], stacks: Sequence[str]) -> Mapping[str, str]:
    """The AWS profile of each stack that one was given for, as `STACK=NAME`. Raises CommandError for another stack."""
    chosen = dict(each.partition("=")[::2] for each in given)
    for stack, name in chosen.items():
        if stack not in stacks or not name:
            raise CommandRefused(
                f"no environment can be asked with --profile {stack}={name}",
                expected=f"--profile STACK=NAME, with a stack of {', '.join(stacks)}",
                seen=f"{stack}={name}",
                state="nothing was asked",
                next="release status --all",
            )
    return chosen
