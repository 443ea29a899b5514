"""Envoy's access log, read as it grows and never allowed to grow large."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from localcloud.balancer.bootstrap import ACCESS_LOG

LIMIT_BYTES = 8 * 1024 * 1024


class AccessLog:
    """Lines since the last call, each exactly once. `reopen` has Envoy go on in a new file. One caller at
    a time."""

    def __init__(self, folder: Path, reopen: Callable[[], None], limit: int = LIMIT_BYTES) -> None:
        self._path = folder / ACCESS_LOG
        self._reopen = reopen
        self._limit = limit
        self._file: BinaryIO | None = None
        self._rest = b""

    def lines(self) -> list[str]:
        """Whole lines that were written since the last call."""
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except FileNotFoundError:
                return []
        data = self._rest + self._file.read()
        if self._file.tell() > self._limit:
            data += self._turn(self._file)
        whole, _, self._rest = data.rpartition(b"\n")
        return whole.decode("latin-1").split("\n") if whole else []

    def _turn(self, file: BinaryIO) -> bytes:
        # Renamed first: Envoy writes on in the renamed file until it has opened the new one.
        old = self._path.with_suffix(".old")
        self._path.rename(old)
        self._reopen()
        last = file.read()
        file.close()
        old.unlink()
        self._file = None
        return last

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
