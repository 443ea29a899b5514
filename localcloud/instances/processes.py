"""Processes of this machine, found by what /proc tells of them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Mapping

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_prctl = ctypes.CDLL(None, use_errno=True).prctl


def carrying(variables: Mapping[str, str]) -> tuple[int, ...]:
    """The pids of all processes that were started with every one of these variables, the caller's own excepted."""
    wanted = [f"{name}={value}".encode() for name, value in variables.items()]
    found = []
    for entry in os.listdir("/proc"):  # noqa: PTH208 - two hundred entries, many times
        if not entry.isdecimal() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:  # noqa: PTH123
                environment = file.read()
        except OSError:
            continue
        if all(text in environment for text in wanted) and not set(wanted) - set(environment.split(b"\0")):
            found.append(int(entry))
    return tuple(found)


def kill_carrying(variables: Mapping[str, str], within: float = 5.0) -> None:
    """SIGKILL to every process that carries the variables, until none is left.

    A process in the kernel's uninterruptible sleep may outlast `within` seconds; it dies when it wakes.
    """
    deadline = time.monotonic() + within
    while (pids := carrying(variables)) and time.monotonic() < deadline:
        for pid in pids:
            send(pid, signal.SIGKILL)
        time.sleep(0.01)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that is gone already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def die_with_parent() -> None:
    """For the calling process: SIGKILL when the thread that started it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """For the calling process: become the parent of every descendant whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
