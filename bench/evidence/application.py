"""The example as it is run for those that are compared: the very bundle, the same interpreter, the same number of web
processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tarfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from localcloud.instances.shims import base_interpreter

BOOT_SECONDS = 60.0
STOP_SECONDS = 35.0
"""A little more than the drain seconds that the example asks for."""
_MODULE = "shop.web"


def unpacked(bundle: Path, folder: Path) -> Path:
    """The bundle's files in `folder`, which is made where it is not there yet."""
    if not folder.is_dir():
        with tarfile.open(bundle) as archive:
            archive.extractall(folder, filter="data")
    return folder


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address on which nobody listens."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


class Web:
    """One web process of the version `label` from `folder` on a port of 127.0.0.1, started when constructed."""

    def __init__(self, folder: Path, label: str, port: int, log: Path) -> None:
        self.port = port
        self._label = label
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [base_interpreter(), "-m", _MODULE],
                cwd=folder,
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "PYTHONPATH": "vendor",
                    "HOST": "127.0.0.1",
                    "PORT": str(port),
                    "RELEASE_ID": label,
                    "RELEASE_VERSION": label,
                },
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def healthy(self, seconds: float = BOOT_SECONDS) -> bool:
        """Wait until its health path answers with its own name; False where it does not in time."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and self._process.poll() is None:
            if answering(f"http://127.0.0.1:{self.port}/healthz") == self._label:
                return True
            time.sleep(0.1)
        return False

    def terminate(self) -> None:
        """Tell it to finish what it has and to stop."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def ended(self) -> None:
        """Wait for its end; it is killed when it takes longer than `STOP_SECONDS`."""
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def started(folder: Path, label: str, ports: Sequence[int], log: Path) -> tuple[Web, ...]:
    return tuple(Web(folder, label, port, log) for port in ports)


def stopped(fleet: Sequence[Web]) -> None:
    """All of them get SIGTERM at once, and are waited for."""
    for web in fleet:
        web.terminate()
    for web in fleet:
        web.ended()


def answering(url: str, timeout: float = 2.0) -> str:
    """The release that answers with 200 on a fresh connection; empty where none does."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            told = json.loads(answer.read())
    except (OSError, ValueError):
        return ""
    return str(told.get("release", "")) if isinstance(told, dict) else ""
