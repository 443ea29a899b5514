"""The environment that the demonstration runs on: where it answers, what is live."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release.folding import unfolded
from setup.steps import StepFailed
from setup.variables import of_cloud

BIN = Path(sys.executable).parent


def local_variables(base: Mapping[str, str], stack: str = "dev") -> dict[str, str]:
    """`base` with what `localcloud env` tells a shell. Raises SystemExit with the command's own words when the stack's
    local cloud is not running."""
    environment = {**base, "PATH": f"{BIN}{os.pathsep}{base['PATH']}"}
    try:
        return of_cloud(environment, Path.cwd(), stack)
    except StepFailed as failed:
        raise SystemExit(failed.status) from None


@dataclass(frozen=True)
class Release:
    """One line of `release status`: `state` is live, warm or candidate."""

    id: str
    version: str
    state: str


@dataclass(frozen=True)
class Status:
    """What `release status` says of a stack."""

    url: str
    releases: tuple[Release, ...]

    @property
    def live(self) -> Release | None:
        return next(iter(self.of("live")), None)

    def of(self, state: str) -> tuple[Release, ...]:
        return tuple(release for release in self.releases if release.state == state)


@dataclass(frozen=True)
class World:
    """One stack and the variables with which every command reaches it."""

    stack: str
    variables: Mapping[str, str]

    def status(self) -> Status:
        told = self._ask("release", "status", "--stack", self.stack, "--json")
        return Status(
            told["url"],
            tuple(Release(one["id"], one["version"], one["state"]) for one in told["releases"]),
        )

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, without the secret ones' values."""
        return self._ask("pulumi", "stack", "output", "--json", "--stack", self.stack)

    def released(self) -> frozenset[str]:
        """The versions that were ever live."""
        entries = unfolded(self.outputs()["ledger"]["entries"])
        return frozenset(entry["release"]["version"] for entry in entries)

    def _ask(self, *argv: str) -> dict[str, Any]:
        told = subprocess.run(argv, env=dict(self.variables), stdout=subprocess.PIPE, text=True, check=False)
        if told.returncode:
            raise SystemExit(told.returncode)
        answer: dict[str, Any] = json.loads(told.stdout)
        return answer
