"""The script beside a process, run by a shell in a tree of the instance's shape."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from release.beside import process_script


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """`process`, with a `sleep` that says for how long instead."""
    own, logs, programs = (tmp_path / name for name in ("opt/uneventful", "var/log/uneventful", "bin"))
    for folder in (own, logs, programs):
        folder.mkdir(parents=True)
    for path, text in (
        (own / "process", process_script()),
        (programs / "sleep", '#!/bin/sh\necho "$@"\n'),
    ):
        path.write_text(text)
        path.chmod(0o755)
    return own / "process"


def run(script: Path, *words: str, **variables: str) -> str:
    path = f"{script.parents[2] / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        [script, *words], env={"PATH": path, **variables}, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_starts_that_repeat_each_other_wait_longer_up_to_a_limit(script: Path) -> None:
    assert [run(script, "start", "web") for _ in range(6)] == ["0", "1", "3", "7", "7", "7"]
    assert run(script, "start", "worker") == "0", "another process was paced with it"


def test_a_start_after_a_good_while_is_not_paced(script: Path) -> None:
    run(script, "start", "web")
    long_ago = int(float(Path("/proc/uptime").read_text().split()[0])) - 68
    (script.parent / "starts-web").write_text(f"{long_ago} 7\n")
    assert run(script, "start", "web") == "0"


def test_a_record_that_was_cut_short_is_no_obstacle(script: Path) -> None:
    (script.parent / "starts-web").write_text("")
    assert run(script, "start", "web") == "0"


@pytest.mark.parametrize(
    ("variables", "how"),
    [
        ({"EXIT_CODE": "exited", "EXIT_STATUS": "3", "SERVICE_RESULT": "exit-code"}, "exit status 3"),
        ({"EXIT_CODE": "killed", "EXIT_STATUS": "KILL", "SERVICE_RESULT": "oom-kill"}, "SIGKILL"),
        ({"SERVICE_RESULT": "resources"}, "resources"),
    ],
)
def test_the_boots_log_says_how_a_process_ended(script: Path, variables: dict[str, str], how: str) -> None:
    run(script, "end", "web", **variables)
    assert (script.parents[2] / "var/log/uneventful/boot.log").read_text() == f"process: web ended: {how}\n"
