"""`localcloud up` and `localcloud down`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from localcloud.checkout import Checkout
from localcloud.control import ask
from localcloud.daemon import ANOTHER_RUNS, take_lock
from localcloud.errors import CloudAlreadyRunning, CloudNotRunning, ControlFailed, StartFailed
from localcloud.leftovers import end_left_over, forget
from localcloud.location import location_of
from localcloud.record import DaemonRecord, read_record

START_SECONDS = 30.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.05
LOG_LINES = 15


def running(checkout: Checkout) -> DaemonRecord | None:
    """The record of this checkout's daemon, None when it is not running."""
    record = read_record(checkout.record)
    return record if record is not None and record.alive() else None


def required(checkout: Checkout) -> DaemonRecord:
    """The record of this checkout's daemon. Raises `CloudNotRunning` when it is not running."""
    record = running(checkout)
    if record is None:
        raise CloudNotRunning(str(checkout.root), left_over=checkout.record.exists(), stack=checkout.stack)
    return record


def start(checkout: Checkout) -> tuple[DaemonRecord, bool]:
    """The running daemon's record, and whether it was started just now.

    Raises `NoStack`, and `StartFailed` with the end of its log when it ends, or is not ready within 30 s.
    """
    found = running(checkout)
    if found is not None:
        return found, False
    location_of(checkout.root, checkout.stack)
    checkout.cloud.mkdir(parents=True, exist_ok=True)
    with checkout.log.open("ab") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "localcloud.daemon",
                str(checkout.root),
                str(checkout.home),
                checkout.stack,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=checkout.root,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        record = running(checkout)
        if record is not None:
            # Another `up` may have been the first; either way one daemon runs.
            return record, record.pid == process.pid
        if process.poll() not in (None, ANOTHER_RUNS) and running(checkout) is None:
            raise StartFailed(
                f"the daemon ended (status {process.returncode}) before it was ready:\n{_log_end(checkout)}",
                f"All of its log: {checkout.log}",
            )
        time.sleep(POLL_SECONDS)
    process.terminate()
    raise StartFailed(
        f"the local cloud was not ready within {START_SECONDS:.0f} s:\n{_log_end(checkout)}",
        f"All of its log: {checkout.log}",
    )


def stop(checkout: Checkout, forgetting: bool = False) -> list[str]:
    """End the daemon and everything of it; returns lines on what was done. Nothing of the cloud runs afterwards; what
    it held is kept for the next one, unless that is to be forgotten."""
    return [*_stop(checkout), *(_holding(checkout, forget) if forgetting else [])]


def _stop(checkout: Checkout) -> list[str]:
    record = running(checkout)
    if record is None:
        return _holding(checkout, end_left_over) or ["no local cloud was running"]
    try:
        ask(checkout.socket, "down", timeout=5)
    except (CloudNotRunning, ControlFailed):
        os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while record.alive() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if record.alive():
        os.kill(record.pid, signal.SIGKILL)
        while record.alive():
            time.sleep(POLL_SECONDS)
        return [
            f"the daemon (pid {record.pid}) did not end within {STOP_SECONDS:.0f} s and was killed",
            *_holding(checkout, end_left_over),
        ]
    return ["the local cloud is down"]


def _holding(checkout: Checkout, do: Callable[[Checkout], list[str]]) -> list[str]:
    """Do something that only the holder of the cloud's lock may do."""
    if not checkout.cloud.exists():
        return []
    try:
        lock = take_lock(checkout.lock)
    except CloudAlreadyRunning:
        return ["a local cloud is just starting here; try again when it is up"]
    try:
        return do(checkout)
    finally:
        os.close(lock)


def _log_end(checkout: Checkout) -> str:
    lines = checkout.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join(f"  {line}" for line in lines)
