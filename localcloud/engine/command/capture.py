"""Two output streams read line by line, shown as they come and kept whole."""

from __future__ import annotations

import asyncio
from typing import Protocol

from localcloud.engine.command.outcome import OnLine


class LineReader(Protocol):
    async def readline(self) -> bytes: ...


class Capture:
    """What a process printed so far: each stream alone, and both in the order in which their lines came."""

    def __init__(self, shown: frozenset[str], on_line: OnLine) -> None:
        self._shown = shown
        self._on_line = on_line
        self._streams: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._both: list[str] = []

    async def read(self, stdout: LineReader, stderr: LineReader) -> None:
        """Returns when both streams are at their end."""
        await asyncio.gather(self._drain("stdout", stdout), self._drain("stderr", stderr))

    async def _drain(self, stream: str, reader: LineReader) -> None:
        while raw := await reader.readline():
            text = raw.decode(errors="replace")
            self._streams[stream].append(text)
            self._both.append(text)
            if stream in self._shown:
                await self._on_line(stream, text.removesuffix("\n"))

    def text(self, stream: str) -> str:
        """A stream without its last newline."""
        return "".join(self._streams[stream]).removesuffix("\n")

    @property
    def both(self) -> str:
        return "".join(self._both).removesuffix("\n")
