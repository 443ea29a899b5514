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

BIN = Path(sys.executable).parent


def local_variables(base: Mapping[str, str]) -> dict[str, str]:
    """`base` with what `localcloud env` tells a shell. Raises SystemExit with the command's own words when the local
    cloud is not running."""
    environment = {**base, "PATH": f"{BIN}{os.pathsep}{base['PATH']}"}
    script = 'variables=$(localcloud env) && eval "$variables" && exec env -0'
    told = subprocess.run(
        ["sh", "-c", script], env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if told.returncode:
        raise SystemExit(told.returncode)
    return dict(line.split("=", 1) for line in told.stdout.split("\0") if "=" in line)


@dataclass(frozen=True)
class World:
    """One stack and the variables with which every command reaches it."""

    stack: str
    variables: Mapping[str, str]

    def status(self) -> dict[str, Any]:
        """What `release status --json` says."""
        told = subprocess.run(
            ["release", "status", "--stack", self.stack, "--json"],
            env=dict(self.variables),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if told.returncode:
            raise SystemExit(told.returncode)
        status: dict[str, Any] = json.loads(told.stdout)
        return status
