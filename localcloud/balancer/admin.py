"""Envoy's administration: which versions it has taken, and what it sees of its targets."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from localcloud.balancer.bootstrap import ADMIN_SOCKET


class AdminUnreachable(Exception):
    """Envoy does not answer: not yet started, ended, or too busy for the time given."""


class _UnixConnection(HTTPConnection):
    def __init__(self, folder: Path, timeout: float) -> None:
        super().__init__("envoy", timeout=timeout)
        self._folder = folder

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        # By the folder's descriptor, since a socket's path has at most 107 characters.
        descriptor = os.open(self._folder, os.O_PATH | os.O_DIRECTORY)
        try:
            self.sock.connect(f"/proc/self/fd/{descriptor}/{ADMIN_SOCKET}")
        finally:
            os.close(descriptor)


class Admin:
    """Questions to a running Envoy, each on a connection of its own. Safe from any thread."""

    def __init__(self, folder: Path, timeout: float = 2.0) -> None:
        self._folder = folder
        self._timeout = timeout

    def _ask(self, path: str, method: str = "GET") -> bytes:
        try:
            with self._connection() as connection:
                connection.request(method, path)
                answer = connection.getresponse()
                body = answer.read()
        except (OSError, HTTPException) as error:
            raise AdminUnreachable(f"{path}: {error}") from error
        if answer.status != 200:
            raise AdminUnreachable(f"{path}: {answer.status} {body[:200]!r}")
        return body

    @contextlib.contextmanager
    def _connection(self) -> Iterator[HTTPConnection]:
        connection = _UnixConnection(self._folder, self._timeout)
        try:
            yield connection
        finally:
            connection.close()

    def versions(self) -> dict[str, str]:
        """The version that is in force for each watched file, by the name of its statistic."""
        stats = json.loads(self._ask("/stats?type=TextReadouts&format=json"))["stats"]
        return {stat["name"]: stat["value"] for stat in stats if stat["name"].endswith("version_text")}

    def warming(self) -> int:
        """Clusters that were taken but wait for their first health checks."""
        text = self._ask("/stats?filter=^cluster_manager.warming_clusters$").decode()
        return int(text.partition(": ")[2] or 0)

    def clusters(self) -> dict[str, Any]:
        """All clusters and their hosts as Envoy's admin.v3.Clusters."""
        seen: dict[str, Any] = json.loads(self._ask("/clusters?format=json"))
        return seen

    def reopen_logs(self) -> None:
        """Have Envoy write what comes next to new log files."""
        self._ask("/reopen_logs", "POST")
