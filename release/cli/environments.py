"""All environments of a project, each asked by a process of its own: each may have its own region and credentials."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from release.cli.engine import Engine
from release.cli.project import Project
from release.cli.settings import stacks_of
from release.cli.terms import say, working
from release.errors import CommandError

PATIENCE = 60.0
"""Seconds after which an environment counts as one that does not answer."""

_COMMAND = (sys.executable, "-c", "from release.cli.main import main; main()")


def ask_all(here: Path, profiles: Sequence[str], *, as_json: bool, full: bool) -> bool:
    """Print the status of each environment, of those that have a file in the project and those that the backend holds;
    whether one of them could not be asked. One that was never made needs no answer.

    Raises CommandError outside a project, and for a profile that names no environment.
    """
    folder = Project.find(here, "").folder
    files, made = stacks_of(folder), Engine(Project(folder, "")).stacks()
    stacks = tuple(sorted({*files, *made}))
    chosen = _profiles(profiles, stacks)
    with working(f"asking {', '.join(made)}"):
        answers = asyncio.run(_all(folder, made, chosen, full))
    told = [answers.get(stack) or {"stack": stack, "asked": False, "made": False} for stack in stacks]
    if as_json:
        say(json.dumps({"environments": told}, indent=2))
    else:
        from release.cli.overview import show

        show(told)
    return any(each.get("error") for each in told)


async def _all(
    folder: Path, stacks: Sequence[str], profiles: Mapping[str, str], full: bool
) -> Mapping[str, dict[str, Any]]:
    asked = [_ask(folder, stack, profiles.get(stack, ""), full) for stack in stacks]
    return dict(zip(stacks, await asyncio.gather(*asked), strict=True))


async def _ask(folder: Path, stack: str, profile: str, full: bool) -> dict[str, Any]:
    """The status of one as `status --json` tells it, with `error` where that is not all of the truth."""
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        *("status", "--json", "--stack", stack, *(["--drift"] if full else [])),
        cwd=folder,
        env=os.environ | ({"AWS_PROFILE": profile} if profile else {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE if not full else None):
            out, error = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return {"stack": stack, "asked": False, "error": f"no answer in {PATIENCE:.0f} s"}
    told: dict[str, Any] = {"stack": stack, "asked": False}
    if out.strip():
        told = json.loads(out)
    if process.returncode:
        told["error"] = error.decode(errors="replace").removeprefix("error: ").strip()
    return told


def _profiles(given: Sequence[str], stacks: Sequence[str]) -> Mapping[str, str]:
    chosen = dict(each.partition("=")[::2] for each in given)
    for stack, name in chosen.items():
        if stack not in stacks or not name:
            raise CommandError(
                f"no environment can be asked with --profile {stack}={name}",
                expected=f"--profile STACK=NAME, with a stack of {', '.join(stacks)}",
                seen=f"{stack}={name}",
                state="nothing was asked",
                next="release status --all",
            )
    return chosen
