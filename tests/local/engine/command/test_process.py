"""The provider as the engine starts it: it ends with its engine, however that ends."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

START = """
import subprocess, sys, time
provider = subprocess.Popen([sys.executable, "-m", "localcloud.engine.command"], stdout=subprocess.PIPE, text=True)
print(provider.pid, provider.stdout.readline().strip(), flush=True)
time.sleep(600)
"""


def test_it_ends_when_the_engine_that_started_it_was_killed() -> None:
    engine = subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    pid, port = engine.stdout.readline().split()
    assert int(port) > 0
    time_to_notice = 1.5
    try:
        limit = time.monotonic() + time_to_notice
        while time.monotonic() < limit:
            assert _runs(pid), "it ended while its engine was there"
            time.sleep(0.1)
    finally:
        engine.kill()
        engine.wait()
    limit = time.monotonic() + 15
    while _runs(pid):
        assert time.monotonic() < limit, "it outlived its engine"
        time.sleep(0.05)


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False
