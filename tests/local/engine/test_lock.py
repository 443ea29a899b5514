"""Two clones on one machine do not build at the same time, and a dead one holds nobody up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.engine.lock import hold

HOLDER = """
import sys
from pathlib import Path
from localcloud.engine.lock import hold
with hold(Path(sys.argv[1]), lambda text: None):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_second_waits_says_for_whom_and_goes_on_when_the_first_dies(
    tmp_path: Path, end: signal.Signals
) -> None:
    path = tmp_path / "cache" / "lock"
    said: list[str] = []
    with holder(path) as process:

        def sleep(_: float) -> None:
            assert str(process.pid) in said[0]
            process.send_signal(end)
            process.wait()

        with hold(path, said.append, sleep):
            assert len(said) == 1
            assert path.read_text() == f"{os.getpid()}\n"


def test_it_is_free_again_afterwards_also_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(KeyboardInterrupt), hold(path, lambda _: None):
        raise KeyboardInterrupt
    with hold(path, pytest.fail):
        pass
