"""A program that is kept running: started again when it ends, ended with this process however this one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localcloud import tether
from localcloud.processes import MARKER_VARIABLE
from localcloud.stores.place import Account

PAUSE_SECONDS = 0.2
"""Between the end of one process and the start of the next."""
LAST_LINES = 5


@dataclass(frozen=True)
class Program:
    """`ending` is the signal that ends it in good order. Its output is appended to `log`."""

    name: str
    command: Sequence[str]
    folder: Path
    log: Path
    ending: signal.Signals = signal.SIGTERM
    account: Account | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """What a store's process gets: nothing of the user's own variables but the cloud's marker."""
    marked = {name: os.environ[name] for name in (MARKER_VARIABLE,) if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C", **marked, **more}


def tethered(
    command: Sequence[str], account: Account | None, ending: signal.Signals = signal.SIGKILL
) -> list[str]:
    """The command that runs `command` as `account`, and ends it when the thread that starts it is gone."""
    options = [f"--signal={ending.name.removeprefix('SIG')}"]
    if account is not None:
        options.append(f"--user={account.user}:{account.group}")
    return [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *options, *command]


class Kept:
    """One process of `program`, from `start` until `close`."""

    def __init__(self, program: Program, on_log: Callable[[str], None]) -> None:
        self.program = program
        self._on_log = on_log
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name=program.name, daemon=True)

    def start(self) -> None:
        """Start it; returns at once."""
        self._thread.start()

    def _keep(self) -> None:
        # The thread that starts it also waits for it: the tether holds to the thread, not to the process.
        while (process := self._spawn()) is not None:
            status = process.wait()
            if not self._closing.is_set():
                self._on_log(f"{self.program.name} ended with status {status}; it is started again")
                self._closing.wait(PAUSE_SECONDS)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        program = self.program
        with self._lock, program.log.open("ab") as log:
            if self._closing.is_set():
                return None
            self._process = subprocess.Popen(
                tethered(program.command, program.account, program.ending),
                cwd=program.folder,
                env=environment(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in a terminal is for the daemon, which ends this in its order.
                start_new_session=True,
            )
            return self._process

    @property
    def pid(self) -> int | None:
        """The running process, None when there is none at the moment."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens when none runs."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(number)

    def last_words(self) -> str:
        """The end of its log, for an error to quote."""
        try:
            lines = self.program.log.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-LAST_LINES:])

    def close(self, patience: float = 10.0, ending: signal.Signals | None = None) -> None:
        """End it: `ending` (by default its own), `patience` seconds, SIGKILL. Returns when it stays gone."""
        with self._lock:
            self._closing.set()
            process = self._process
        if process is not None:
            process.send_signal(ending or self.program.ending)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._thread.is_alive():
            self._thread.join()
