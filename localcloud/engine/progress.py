"""What is going on, with the time since the command was given, for a terminal and for a log."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

STARTED = "UNEVENTFUL_STARTED"
"""The environment variable that hands the start on to the next process: seconds of the system's monotonic clock."""

SILENCE = 30.0
"""Seconds after which a passing state is written as a line where there is no terminal to show it in place."""


class Progress:
    """Lines like `[ 12.3 s] text`. Not thread-safe: one writer at a time."""

    def __init__(
        self,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        started: float | None = None,
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self.started = started if started is not None else _inherited(clock())
        self._in_place = self._stream.isatty()
        self._shown = False
        self._last = clock()

    def elapsed(self) -> float:
        """Seconds since the command was given."""
        return self._clock() - self.started

    def say(self, text: str) -> None:
        """One line that stays."""
        self._clear()
        print(self._line(text), file=self._stream, flush=True)
        self._last = self._clock()

    def show(self, text: str) -> None:
        """A passing state: in place on a terminal, elsewhere one line each `SILENCE` seconds."""
        if self._in_place:
            width = shutil.get_terminal_size().columns
            self._stream.write("\r\033[K" + self._line(text)[: width - 1])
            self._stream.flush()
            self._shown = True
        elif self._clock() - self._last >= SILENCE:
            self.say(text)

    def close(self) -> None:
        """Takes the passing state away."""
        self._clear()

    def _line(self, text: str) -> str:
        return f"[{self.elapsed():6.1f} s] {text}"

    def _clear(self) -> None:
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()
            self._shown = False


def _inherited(now: float) -> float:
    try:
        started = float(os.environ[STARTED])
    except (KeyError, ValueError):
        return now
    return started if started <= now else now
