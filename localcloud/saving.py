"""When what a cloud holds is saved, besides at its end."""

from __future__ import annotations

import time
from collections.abc import Callable

QUIET_SECONDS = 10.0
EVERY_SECONDS = 30.0


class Rhythm:
    """10 s after the last change; while changes go on, every 30 s; never more often than that."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._saved = float("-inf")
        self._seen: object = None
        self._first: float | None = None
        self._last = 0.0

    def due(self, seen: object) -> bool:
        """`seen` is anything that is another value after a change. To be asked again and again."""
        now = self._clock()
        if seen != self._seen:
            self._seen, self._last = seen, now
            self._first = now if self._first is None else self._first
        if self._first is None or now - self._saved < EVERY_SECONDS:
            return False
        return now - self._last >= QUIET_SECONDS or now - self._first >= EVERY_SECONDS

    def saved(self) -> None:
        """To be told after every save."""
        self._saved, self._first = self._clock(), None
