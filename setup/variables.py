"""The variables that a user gets by `eval "$(localcloud env)"`, taken in the same way."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from setup.steps import StepFailed

_SCRIPT = 'variables=$(localcloud env --stack "$1") && eval "$variables" && exec env -0'


def of_cloud(environ: Mapping[str, str], root: Path, stack: str) -> dict[str, str]:
    """`environ`, whose PATH has `localcloud`, with the variables of the stack's local cloud in the checkout at `root`.

    Raises `StepFailed` when that is not running, after the command has said so on its own.
    """
    told = subprocess.run(
        ["sh", "-c", _SCRIPT, "sh", stack],
        cwd=root,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if told.returncode:
        raise StepFailed(("localcloud", "env", "--stack", stack), told.returncode)
    return dict(entry.split("=", 1) for entry in told.stdout.split("\0") if "=" in entry)
