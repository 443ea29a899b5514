"""A command of this program in a process of its own, which may have credentials and a region of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RELEASE = (sys.executable, "-P", "-c", "from release.cli.main import main; main()")
"""The command line itself, of this very installation: neither PATH nor the folder says which."""


@dataclass(frozen=True)
class Done:
    """How a command ended, and all that it wrote."""

    status: int
    out: str
    error: str

    @property
    def why(self) -> str:
        """Its error as people read it; empty where it ended well."""
        return self.error.removeprefix("error: ").strip() if self.status else ""


async def output(command: Sequence[str], folder: Path, profile: str, patience: float | None) -> Done:
    """Run it in `folder`, as the AWS `profile` where one is given; it asks nobody anything.

    Raises TimeoutError after `patience` (s; None: none). Whoever stops waiting for it ends it.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=os.environ | ({"AWS_PROFILE": profile} if profile else {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(patience):
            out, error = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Done(process.returncode or 0, out.decode(errors="replace"), error.decode(errors="replace"))
