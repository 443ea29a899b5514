"""A growing file read line by line, through rotation and truncation."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHUNK = 192 * 1024
LINES = 10_000
"""What is read at once. One PutLogEvents takes 10,000 events and 1 MiB, for which each event counts 26 bytes more."""
LONGEST_LINE = 64 * 1024
"""Bytes after which a line is one, though it goes on."""


@dataclass(frozen=True)
class Position:
    """How far a file, known by its inode, has been read."""

    inode: int = 0
    offset: int = 0


class Tail:
    """What was added to `path` since `position`. Looking costs one stat() when nothing was.

    A file that was moved away is read to its end before the new one under its name; one that has become shorter is
    read from its beginning.
    """

    def __init__(self, path: Path, position: Position = Position()) -> None:
        self.path = path
        self.position = position
        self._file = -1

    def read(self, rest: bool = False) -> tuple[Sequence[bytes], Position]:
        """Whole lines without their ends, and where the next ones begin; `accept` that to go on from there.

        `rest`: the last line too, although its end has not been written.
        """
        with contextlib.suppress(FileNotFoundError):
            seen = self.path.stat()
            if self._file < 0:
                self._open(seen.st_ino, keep=seen.st_ino == self.position.inode)
            elif seen.st_ino != self.position.inode and not self._left():
                self._open(seen.st_ino, keep=False)
            elif seen.st_ino == self.position.inode and seen.st_size < self.position.offset:
                self.position = Position(seen.st_ino)
            elif seen.st_ino == self.position.inode and seen.st_size == self.position.offset:
                return (), self.position
        if self._file < 0:
            return (), self.position
        data = os.pread(self._file, CHUNK, self.position.offset)
        end = data.rfind(b"\n") + 1
        if not end and (len(data) >= LONGEST_LINE or rest or (data and self._moved())):
            end = min(len(data), LONGEST_LINE)
        if rest and len(data) < CHUNK:
            end = len(data)
        lines = data[:end].split(b"\n")
        if len(lines) > LINES:
            lines = lines[:LINES]
            end = sum(len(line) + 1 for line in lines)
        after = Position(self.position.inode, self.position.offset + end)
        return [line.removesuffix(b"\r") for line in lines if line], after

    def accept(self, position: Position) -> None:
        self.position = position

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _open(self, inode: int, keep: bool) -> None:
        self.close()
        self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        self.position = self.position if keep else Position(inode)

    def _left(self) -> bool:
        """Whether the open file, which has another name now, was not read to its end."""
        return os.fstat(self._file).st_size > self.position.offset

    def _moved(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return self.path.stat().st_ino != self.position.inode
        return True
