"""Processes and whole instances are killed while a release is under way: minutes."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.load import Load
from tests.e2e.customer import Customer
from tests.e2e.processes import running
from tests.e2e.stage import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

RATE = 200
"""Requests a second."""

IN_FLIGHT = 5
"""Requests that a killed web process had begun to answer at most, at this rate: one in a hundred takes 3 s, the others
milliseconds. Everybody else waits for the next process."""

KILLED_WEB = 2

RESTARTED = 30.0
"""Seconds for a process that was killed to be there again."""


def test_a_release_finishes_while_web_processes_workers_and_instances_are_killed(
    stage: Stage, home: Path
) -> None:
    live = stage.live()
    stage.done("release", "build", "examples/shop", "--version", "2.3")
    with (
        Load(stage.status().url, RATE, stage.variables) as load,
        stage.started("release", "deploy", "2.3", "--stack", "dev", "--yes") as deploy,
    ):
        candidate = stage.until(lambda: candidates(home, "shop.web", live.id), bool, 300)[0]
        for release, module in ((live.id, "shop.web"), (live.id, "shop.worker"), (candidate, "shop.web")):
            struck = processes(home, module, release)[0]
            os.kill(struck, signal.SIGKILL)
            stage.until(
                lambda module=module, release=release, struck=struck: [
                    pid for pid in processes(home, module, release) if pid != struck
                ],
                bool,
                RESTARTED,
            )
        os.kill(machine_of(home, processes(home, "shop.worker", live.id)[0]), signal.SIGKILL)
        output, _ = deploy.communicate(timeout=400)
    print(f"\n{load.counted}")
    assert deploy.returncode == 0, output[-4000:]
    assert stage.live().version == "2.3"
    assert load.counted is not None
    assert load.counted.failed <= KILLED_WEB * IN_FLIGHT, "more than what the killed processes had in flight"
    assert Customer(stage.status().url, "eve").order("jam")["done_by"] == stage.live().id


def processes(home: Path, module: str, release: str) -> list[int]:
    """Those of this environment that run this module for a release (id)."""
    return [pid for pid, of in _modules(home, module) if of == release]


def candidates(home: Path, module: str, live: str) -> list[str]:
    """The other releases (ids) that run this module."""
    return sorted({of for _, of in _modules(home, module) if of != live})


def machine_of(home: Path, pid: int) -> int:
    """The process that is the instance on which another one runs."""
    folder = Path(f"/proc/{pid}/cwd").readlink()
    instance = next(part for part in folder.parts if part.startswith("i-"))
    return next(
        number
        for number, _, words in running()
        if "localcloud.instances.machine" in words and instance in words and str(home) in words
    )


def _modules(home: Path, module: str) -> Iterator[tuple[int, str]]:
    for pid, _, words in running():
        if words.endswith(f"-m {module}"):
            with contextlib.suppress(OSError):
                said = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
                of = dict(line.partition("=")[::2] for line in said)
                if str(home) in str(Path(f"/proc/{pid}/cwd").readlink()):
                    yield pid, of.get("RELEASE_ID", "")
