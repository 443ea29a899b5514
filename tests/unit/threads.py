"""Signals as the kernel may give them: to any thread of a process."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

PAUSE = 0.05
LOOKS = 5
"""So often in a row must a main thread be seen waiting to be believed to have come to its wait."""


def tell_another(pid: int, number: int) -> None:
    """Send a signal to a thread of the process that is not its main one, which waits by then."""
    until, waits = time.monotonic() + 30, 0
    while waits < LOOKS or not _others(pid):
        assert time.monotonic() < until, "it has one thread only, or its main one is never at rest"
        time.sleep(PAUSE)
        waits = waits + 1 if _asleep(pid) else 0
    if ctypes.CDLL(None, use_errno=True).tgkill(pid, min(_others(pid)), number):
        raise OSError(ctypes.get_errno(), "tgkill")


def _others(pid: int) -> set[int]:
    return {int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()} - {pid}


def _asleep(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
