"""The time that schedules live by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta


class Pace:
    """The wall's time, plus what schedules have lived ahead of it while they were told to live faster. It never goes
    back: what was due once is not due again when they live as fast as others.

    `faster` says how many times as fast they live now, 1 and more.
    """

    def __init__(self, wall: Callable[[], datetime], faster: Callable[[], float]) -> None:
        self._wall = wall
        self._faster = faster
        self._seen = wall()
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """To be asked often enough that `faster` was the same since the last time."""
        wall = max(self._wall(), self._seen)
        self.ahead += (wall - self._seen) * (self._faster() - 1)
        self._seen = wall
        return wall + self.ahead
