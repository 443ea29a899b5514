"""What a run tells while it goes: lines of plain text, each written out at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TextIO

Clock = Callable[[], float]


class Progress:
    """Writes lines, each with the seconds since the beginning. Safe from several threads.

    A reader that is gone ends the run as a signal would: whoever asked for it no longer hears what it does.
    """

    def __init__(self, out: TextIO, clock: Clock) -> None:
        self._out = out
        self._clock = clock
        self._begun = clock()
        self._lock = threading.Lock()
        self._deaf = False

    def __call__(self, line: str) -> None:
        with self._lock:
            if self._deaf:
                return
            try:
                self._out.write(f"[{self._clock() - self._begun:6.1f} s] {line}\n")
                self._out.flush()
            except OSError:
                self._deaf = True
        if self._deaf:
            signal.raise_signal(signal.SIGHUP)


class Deadline:
    """The end of a run's time. `left()` is in seconds and may be below 0."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        return self._end - self._clock()

    @property
    def over(self) -> bool:
        return self.left() <= 0
