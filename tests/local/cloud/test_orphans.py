"""What a killed cloud left behind is ended, and nothing else on the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.orphans import end_orphans
from localcloud.processes import MARKER_VARIABLE, ProcessId, identify, marked_processes

Start = Callable[[str | None], subprocess.Popen[str]]
SLEEPER = "print('up', flush=True); import time; time.sleep(60)"


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin(marker: str | None, code: str = SLEEPER) -> subprocess.Popen[str]:
        environment = {**os.environ, **({MARKER_VARIABLE: marker} if marker is not None else {})}
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_exactly_the_processes_of_this_cloud_are_ended(start: Start, tmp_path: Path) -> None:
    marker = str(tmp_path / "cloud")
    mine = [start(marker), start(marker)]
    others = [start(None), start(f"{marker}-other"), start(str(tmp_path)), start("")]
    ended = end_orphans(marker)
    assert {process.pid for process in ended} == {process.pid for process in mine}
    assert all(process.wait(timeout=5) == -9 for process in mine)
    assert [process.poll() for process in others] == [None] * 4
    assert end_orphans(marker) == ()


def test_what_an_orphan_started_is_ended_with_it(start: Start, tmp_path: Path) -> None:
    marker = str(tmp_path)
    begin_child = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], start_new_session=True)\n"
        "print('up', flush=True); time.sleep(60)"
    )
    parent = start(marker, begin_child)  # type: ignore[call-arg]
    ended = end_orphans(marker)
    assert parent.pid in {process.pid for process in ended}
    assert list(marked_processes(marker)) == []


def test_whoever_ends_orphans_is_not_one(tmp_path: Path) -> None:
    code = (
        "from localcloud.orphans import end_orphans\n"
        f"print([process.pid for process in end_orphans({str(tmp_path)!r})])"
    )
    environment = {**os.environ, MARKER_VARIABLE: str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_pid_that_is_another_process_by_now_is_not_alive() -> None:
    here = identify(os.getpid())
    assert here is not None
    assert here.alive()
    assert not ProcessId(here.pid, here.started + 1).alive()
    assert identify(2**22 + 1) is None


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    found = identify(child.pid)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert found is None or not found.alive()
    child.wait()
