"""The environment that all end-to-end tests share, in the order of their files and in the order in which they are
written.

What measures, or releases under load, goes before `test_the_end.py` and has the machine to itself; what only looks goes
into that, before the environment's destruction, and has small tests beside it. A version that a test releases is in
`stage.VERSIONS`: all are built while the environment comes up. A test ends with one release live and nothing on trial,
and asks `stage` which one rather than counting on the test before it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stage import BEGUN, LOGS, Stage, end, found, up


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home for one local cloud: short, since it holds sockets."""
    if begun := os.environ.get(BEGUN):
        yield Path(begun)
        return
    folder = Path(tempfile.mkdtemp(prefix="uneventful-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stage(home: Path) -> Iterator[Stage]:
    if BEGUN in os.environ:
        yield found(home)
        return
    try:
        yield up(home)
    finally:
        end(home)
        print(f"\nwhat every command printed: {LOGS}")
