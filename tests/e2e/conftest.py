"""The environment that all end-to-end tests share, in the order in which they are written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stage import ROOT, Stage, up, variables_for


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home for one local cloud: short, since it holds sockets."""
    folder = Path(tempfile.mkdtemp(prefix="uneventful-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stage(home: Path) -> Iterator[Stage]:
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    logs = ROOT / ".uneventful" / "test-logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    try:
        yield up(home, logs)
    finally:
        subprocess.run(["localcloud", "down"], cwd=ROOT, env=variables_for(home), check=False)
        for name in ("daemon.log",):
            if (home / "cloud" / name).exists():
                shutil.copy(home / "cloud" / name, logs / name)
        subprocess.run(
            ["localcloud", "down", "--all", "--forget"], cwd=ROOT, env=variables_for(home), check=False
        )
        print(f"\nwhat every command printed: {logs}")
