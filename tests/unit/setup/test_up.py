"""What `make up` leaves alone, what it takes away, and how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localcloud.engine.progress import Progress
from setup import locks, salt
from setup.steps import Part, StepFailed, Steps, table

SALT = "encryptionsalt: v1:abc=:v1:def:ghi==\n"


@pytest.mark.parametrize(
    ("text", "committed", "kept"),
    [
        (f"config:\n  a: b\n{SALT}", "config:\n  a: b\n", "config:\n  a: b\n"),
        (f"{SALT}config: {{}}\n", "", "config: {}\n"),
        (f"config:\n  a: b\n{SALT}", f"config: {{}}\n{SALT}", f"config:\n  a: b\n{SALT}"),
        (f"config:\n  a:\n    secure: v1:x\n{SALT}", "", f"config:\n  a:\n    secure: v1:x\n{SALT}"),
        ("config:\n  a: encryptionsalt\n", "", "config:\n  a: encryptionsalt\n"),
    ],
    ids=["added", "no git", "committed", "a secret needs it", "none"],
)
def test_the_salt_that_pulumi_adds_does_not_stay_in_a_file_of_everybody(
    text: str, committed: str, kept: str
) -> None:
    assert salt.without(text, committed) == kept


def test_a_stack_file_is_as_git_knows_it_again(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config:\n  a: b # why\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    file.write_text(file.read_text() + SALT)
    salt.keep_out(file)
    said = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path, capture_output=True, text=True)
    assert said.stdout == ""


def put_lock(backend: Path, name: str, content: object) -> Path:
    path = backend / ".pulumi" / "locks" / "organization" / "uneventful" / "dev" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def test_only_the_locks_of_dead_processes_on_this_machine_are_left_over(tmp_path: Path) -> None:
    dead = put_lock(tmp_path, "dead", {"pid": 1, "hostname": "here"})
    put_lock(tmp_path, "alive", {"pid": 2, "hostname": "here"})
    put_lock(tmp_path, "elsewhere", {"pid": 1, "hostname": "there"})
    put_lock(tmp_path, "strange", ["no lock"])
    assert locks.left_over(tmp_path, lambda pid: pid == 2, "here") == [dead]
    assert locks.left_over(tmp_path / "no backend", lambda _: False, "here") == []


def test_a_number_that_went_to_another_program_is_not_pulumi() -> None:
    assert not locks.is_alive(os.getpid())
    assert not locks.is_alive(2**22 + 1)


def test_a_step_that_fails_is_named_with_its_status_and_timed(tmp_path: Path) -> None:
    steps = Steps(tmp_path, Progress(io.StringIO()))
    steps.environ = os.environ
    with pytest.raises(StepFailed, match="`sh -c exit 3` ended with status 3"):
        steps.run("failing", ("sh", "-c", "exit 3"))
    assert [part.name for part in steps.parts] == ["failing"]


def test_an_interrupt_waits_for_the_command_to_put_things_right(tmp_path: Path) -> None:
    """As in a terminal: the whole process group gets the signal, and the command takes its time."""
    code = f"""
import io, os
from pathlib import Path
from localcloud.engine.progress import Progress
from setup.steps import Steps
steps = Steps(Path({str(tmp_path)!r}), Progress(io.StringIO()))
steps.environ = os.environ
try:
    trap = "trap 'sleep 1; touch right; exit 0' INT"
    steps.run("slow", ("sh", "-c", trap + "; touch started; while :; do sleep 0.1; done"))
except KeyboardInterrupt:
    print("interrupted", Path({str(tmp_path)!r}, "right").exists())
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    limit = time.monotonic() + 20
    while not (tmp_path / "started").exists():
        assert time.monotonic() < limit
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=20)[0] == "interrupted True\n"


def test_the_table_ends_with_the_sum() -> None:
    lines = table([Part("engine", 1.25), Part("pulumi up", 100.0, "waits")]).splitlines()
    assert lines[1].endswith("100.0 s  waits")
    assert lines[-1].split() == ["all", "101.2", "s"]
