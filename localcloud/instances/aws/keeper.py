"""Keeps the resident process of `aws` for the instances of one local cloud."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path

import localcloud
from localcloud import tether
from localcloud.instances.aws import resident
from localcloud.instances.aws.call import SOCKET
from localcloud.processes import MARKER_VARIABLE

ENDS = 3
"""So often may the resident process end by itself; then calls do without."""


class Keeper:
    """From construction until `close` calls are answered at the socket in `folder`. The process is started by the first
    call, which waits for it, and again by the next one when it has ended; it carries the marker."""

    def __init__(self, folder: Path, marker: str) -> None:
        self._path = folder / SOCKET
        self._marker = marker
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = False
        self._lock = threading.Lock()
        self._wake, self._woken = os.pipe2(os.O_CLOEXEC)
        self._listening = self._bound(folder)
        self._thread = threading.Thread(target=self._keep, name="aws", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The resident process; None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def close(self) -> None:
        """End it, and all calls with it."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            if self._process is not None:
                self._process.kill()
        os.close(self._woken)
        self._thread.join()
        os.close(self._wake)

    def _bound(self, folder: Path) -> socket.socket:
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        place = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # The path itself may be longer than the system allows.
            listening.bind(f"/proc/self/fd/{place}/{SOCKET}")
        finally:
            os.close(place)
        self._path.chmod(0o600)
        listening.listen(128)
        return listening

    def _keep(self) -> None:
        # The thread that starts it also waits for it: the tether holds to the thread, not to the process.
        with self._listening:
            for _ in range(ENDS):
                select.select([self._listening.fileno(), self._wake], [], [])
                process = self._started()
                if process is None:
                    break
                process.wait()
        # Who has connected meanwhile sees its connection end.
        self._path.unlink(missing_ok=True)

    def _started(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._closing:
                return None
            package = Path(localcloud.__file__).resolve().parent.parent
            command = [sys.executable, "-P", "-m", resident.__name__, str(self._listening.fileno())]
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *command],
                # Nothing of whoever started the local cloud: neither its settings nor its keys.
                env={
                    "PYTHONPATH": str(package),
                    "PATH": os.defpath,
                    "LANG": "C.UTF-8",
                    "AWS_CONFIG_FILE": os.devnull,
                    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                    MARKER_VARIABLE: self._marker,
                },
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(self._listening.fileno(),),
            )
            return self._process
