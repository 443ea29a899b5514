"""Envoy's access log, read as it grows and never allowed to grow large."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from localcloud.balancer.bootstrap import ACCESS_LOG

LIMIT_BYTES = 8 * 1024 * 1024


class AccessLog:
    """Lines since the last call, each exactly once. `reopen` asks Envoy to go on in a new file, which it
    does with its next lines, having written the former ones to the old file. One caller at a time."""

    def __init__(self, folder: Path, reopen: Callable[[], None], limit: int = LIMIT_BYTES) -> None:
        self._path = folder / ACCESS_LOG
        self._old = self._path.with_suffix(".old")
        self._reopen = reopen
        self._limit = limit
        self._file: BinaryIO | None = None
        self._turning = False
        self._rest = b""

    def lines(self) -> list[str]:
        """Whole lines that were written since the last call."""
        if self._file is None and not self._open():
            return []
        # Before the old file is read to its end, or its last lines could be missed.
        turned = self._turning and self._path.exists()
        assert self._file is not None
        data = self._rest + self._file.read()
        if turned:
            self._file.close()
            self._old.unlink()
            self._turning = False
            data += self._file.read() if self._open() else b""
        elif not self._turning and self._file.tell() > self._limit:
            self._path.rename(self._old)
            self._turning = True
            self._reopen()
        whole, _, self._rest = data.rpartition(b"\n")
        return whole.decode("latin-1").split("\n") if whole else []

    def _open(self) -> bool:
        try:
            self._file = self._path.open("rb")
        except FileNotFoundError:
            self._file = None
        return self._file is not None

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
