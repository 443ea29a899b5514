#!/usr/bin/env python3
"""Run one command with the bundle and the variables of a release.

One line of JSON on standard input is the order (`release.command.order` makes it). Both streams of the command are
passed on; the exit status is the command's own, 128 and the signal's number where one ended it, 124 where it took
longer than the order allows, 2 for no order, 1 where the bundle or the variables could not be had.

Where somebody attends, further lines name signals for the command (INT, TERM), and the end of the input ends it: so
nothing goes on that its user has lost. The command works in a copy of the bundle, which is gone afterwards.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RUNS = HERE / "runs"
RECORDS = HERE.parent.parent / "var/log/uneventful/runs.log"
GRACE = 10.0
"""Seconds from the first signal to SIGKILL."""
LOOK = 1.0
"""Seconds: a signal that another thread takes, or that comes as a wait begins, does not end that wait."""
LIMIT_EXCEEDED = 124
NO_ORDER = 2
LONGEST = 2000
"""Characters of a command that are recorded."""
WHERE = ("bucket", "key", "digest", "region")
WORDS = (*WHERE, "release", "version", "by", "command", "limit", "attended", "open", "variables")


class NotRun(Exception):
    """What could not be had; whatever tried has said why."""


class Running:
    """One command in a process group of its own. `why` it was ended is empty where it ended by itself."""

    def __init__(self, command: str, folder: Path, variables: dict[str, str]) -> None:
        self.why = ""
        self._timers: list[threading.Timer] = []
        self._child = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def end(self, why: str, number: int = signal.SIGTERM) -> None:
        """Tell it to end, and make it end after a while."""
        self.why = self.why or why
        self._send(number)
        self._after(GRACE, lambda: self._send(signal.SIGKILL))

    def wait(self, limit: float) -> int:
        """Its exit status, when nothing of it is left."""
        self._after(limit, lambda: self.end("limit"))
        # Reaped after the rest of its group is gone: until then nobody else can have the group's number.
        ended = os.pidfd_open(self._child.pid)
        while not select.select([ended], [], [], LOOK)[0]:
            continue
        os.close(ended)
        self._send(signal.SIGKILL)
        for timer in self._timers:
            timer.cancel()
        status = self._child.wait()
        if self.why == "limit":
            return LIMIT_EXCEEDED
        return status if status >= 0 else 128 - status

    def _send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()


class Run:
    """One order, carried out once."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
        self._running: Running | None = None
        self._starting, self._early = False, 0

    def carry_out(self, further: Iterator[str]) -> int:
        """The exit status. Its beginning and its end are recorded."""
        began, status, why = time.monotonic(), 1, "not run"
        self._record({"event": "begin"})
        folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}.", dir=RUNS))
        try:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, self._told)
            if self._order["attended"]:
                threading.Thread(target=pass_on, args=(further,), daemon=True).start()
            variables = self._prepare(folder)
            self._starting = True
            self._running = Running(self._order["command"], folder / "app", variables)
            if self._early:
                self._told(self._early, None)
            status = self._running.wait(self._order["limit"])
            why = self._running.why or "ended"
            if why == "limit":
                say(f"ended after {self._order['limit']} s, which is its limit")
        except NotRun as error:
            say(f"not run: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            seconds = round(time.monotonic() - began, 2)
            self._record({"event": "end", "exit": status, "seconds": seconds, "why": why})
        return status

    def _told(self, number: int, _: object) -> None:
        if self._running is None and not self._starting:
            raise NotRun("told to stop before it began")
        if self._running is None:
            # It may run already, and nobody would hold it any more if its start were given up.
            self._early = number
        elif number == signal.SIGHUP:
            self._running.end("left alone")
        else:
            self._running.end("stopped", number)

    def _prepare(self, folder: Path) -> dict[str, str]:
        """Put a copy of the bundle into `folder`, as `app`; the variables of its processes."""
        import variables  # type: ignore[import-not-found]

        where = [self._order[word] for word in WHERE]
        bundle = _said([str(HERE / "fetch"), *where], "the bundle could not be fetched")
        copy = ["cp", "-a", "--reflink=auto", bundle, str(folder / "app")]
        _said(copy, "the bundle could not be copied")
        try:
            pairs = variables.gathered(self._order["variables"], HERE / "database-ca.pem")
        except variables.NotFetched as error:
            raise NotRun(f"the secret variables could not be fetched: {error}") from None
        return {**pairs, "HOST": "127.0.0.1", **self._order["open"]}

    def _record(self, more: dict[str, Any]) -> None:
        """One line, whole, whoever else writes."""
        words = {word: self._order[word] for word in ("by", "release", "version")}
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        command = self._order["command"][:LONGEST]
        told = {"run": {"id": self._id, "at": at, **words, "command": command, **more}}
        with RECORDS.open("a", encoding="utf-8") as out:
            out.write(json.dumps(told) + "\n")


def pass_on(further: Iterator[str]) -> None:
    """Make signals of what comes in; the end of the input is a hang-up."""
    main = threading.main_thread().ident
    assert main is not None
    for line in further:
        if line in ("INT", "TERM"):
            signal.pthread_kill(main, signal.Signals[f"SIG{line}"])
    signal.pthread_kill(main, signal.SIGHUP)


def lines(descriptor: int) -> Iterator[str]:
    """What comes in, line by line. Unbuffered: a thread that waits in Python's own buffer hinders the program's end."""
    read, held = b" ", b""
    while read:
        read = os.read(descriptor, 65536)
        *whole, held = (held + read).split(b"\n")
        yield from (line.decode() for line in whole)
    if held:
        yield held.decode()


def read_order(line: str) -> dict[str, Any]:
    """The order in a line; raises ValueError for anything else."""
    order = json.loads(line)
    if not isinstance(order, dict):
        raise ValueError("not a mapping")
    missing = [word for word in WORDS if word not in order]
    if missing:
        raise ValueError(f"nothing is said of {', '.join(missing)}")
    return order


def tidy() -> None:
    """Remove what runs have left that were killed."""
    RUNS.mkdir(mode=0o700, exist_ok=True)
    for folder in RUNS.iterdir():
        try:
            os.kill(int(folder.name.partition(".")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _said(command: list[str], otherwise: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=False)
    if done.returncode:
        raise NotRun(otherwise)
    return done.stdout.strip()


def main() -> int:
    told = lines(0)
    try:
        order = read_order(next(told, ""))
    except ValueError as error:
        say(f"expected one line of JSON, an order: {error}")
        return NO_ORDER
    tidy()
    return Run(order).carry_out(told)


if __name__ == "__main__":
    sys.exit(main())
