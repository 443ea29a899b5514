"""`make test`: every test, in three parts.

The environment of the end-to-end tests takes minutes to come and to go, most of them waits of AWS's own provider: small
tests run in that time. Those end-to-end tests that measure come before any other process: beside them run only small
tests that no clock holds, with what they leave of the processors.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from setup.steps import wait
from tests.e2e.stage import BEGUN, LOGS, ROOT, end

WORKERS = ("-n", "4", "--dist", "loadgroup")
"""Twice what the smallest machine has processors: half of a small test's time is waiting."""
WAITERS = ("-n", "6", "--dist", "loadgroup")
"""For the first part, most of which is waiting."""
AGAINST_THE_CLOCK = (
    "tests/local/controlplane/test_messages.py",
    "tests/local/controlplane/test_ticks.py",
    "tests/unit/infra/machine",
    "tests/unit/release/cli/test_json.py",
    "tests/unit/release/cli/test_main.py",
    "tests/unit/release/doctor",
    "tests/unit/setup",
)
"""Small tests that limit seconds, or that mostly wait."""
WHILE_IT_COMES = ("tests/provider", *AGAINST_THE_CLOCK)
AT_LEISURE = (
    "tests/local/controlplane",
    "tests/local/engine/aws",
    "tests/local/migrator/test_backfill.py",
    "tests/local/rehearsal",
)
"""Parts of the local cloud's tests that wait for what ends, however long it takes."""
BESIDE_THOSE_THAT_MEASURE = ("tests/program", "tests/unit", *AT_LEISURE)
WHILE_IT_GOES = ("tests/local",)
LINT = ("make", "--no-print-directory", "checks")
PATIENCE = 5
"""The nice value of what runs beside those that measure: a third of what these get where there is not enough."""
THE_END = "tests/e2e/test_the_end.py"


def main() -> int:
    """Exit status 0: every test passed. Where lint or a test of the first part fails, nothing else is tried."""
    home = Path(tempfile.mkdtemp(prefix="uneventful-"))
    os.environ[BEGUN] = str(home)
    try:
        with _coming(home) as beginning:
            with _told(LINT) as lint:
                if status := _pytest(*WAITERS, *WHILE_IT_COMES) or lint.wait():
                    return status
            if status := beginning.wait():
                print("the environment of the end-to-end tests did not come up", file=sys.stderr)
                return status
        with _told(_patient(), PATIENCE) as patient:
            shared = _pytest("-v", "tests/e2e", f"--ignore={THE_END}")
            with _told(_command("-v", THE_END)) as ending:
                small = _pytest(*WORKERS, *WHILE_IT_GOES, *_without(AT_LEISURE))
                ending.wait()
            patient.wait()
        return shared or small or ending.returncode or patient.returncode
    except KeyboardInterrupt:
        return 130
    finally:
        end(home)
        shutil.rmtree(home, ignore_errors=True)
        print(f"what every command printed: {LOGS}")


def _pytest(*arguments: str) -> int:
    return wait(subprocess.Popen(_command(*arguments), cwd=ROOT))


def _command(*arguments: str) -> Sequence[str]:
    return (sys.executable, "-m", "pytest", *arguments)


def _patient() -> Sequence[str]:
    workers = ("-q", "-n", "3", "--dist", "loadgroup")
    return _command(*workers, *BESIDE_THOSE_THAT_MEASURE, *_without(AGAINST_THE_CLOCK))


def _without(paths: Iterable[str]) -> Iterable[str]:
    return (f"--ignore={path}" for path in paths)


@contextmanager
def _told(argv: Sequence[str], nice: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A command beside others, with its nice value; what it says is printed when this is left."""
    with tempfile.TemporaryFile() as said:
        try:
            with _beside(argv, subprocess.STDOUT, said) as process:
                _yielding(process, nice)
                yield process
        finally:
            said.seek(0)
            print(said.read().decode(errors="replace"), flush=True)


def _yielding(process: subprocess.Popen[str], nice: int) -> None:
    """A session of its own is a group of its own to the scheduler (sched(7), "The autogroup feature"): there the nice
    value of its processes counts for nothing against other sessions, and the group's does.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, nice)
        Path(f"/proc/{process.pid}/autogroup").write_text(str(nice))


@contextmanager
def _coming(home: Path) -> Iterator[subprocess.Popen[str]]:
    """The environment, on its way once this is entered; killed if it is left before it is there."""
    with tempfile.TemporaryFile() as said:
        try:
            with _beside((sys.executable, "-m", "tests.e2e.beginning", str(home)), said) as process:
                assert process.stdout is not None
                process.stdout.readline()
                yield process
        finally:
            said.seek(0)
            sys.stderr.write(said.read().decode(errors="replace"))


@contextmanager
def _beside(
    argv: Sequence[str], errors: IO[bytes] | int, said: IO[bytes] | int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """A command in a process group of its own, whose errors and words go there; killed if it is left before its end."""
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=errors,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


if __name__ == "__main__":
    sys.exit(main())
