"""How often a service was started: by that its limit goes, and its counter of restarts."""

from __future__ import annotations

from localcloud.instances.outcome import start_refused
from localcloud.instances.unit import Unit


class Starts:
    """`restarts` are those that nobody asked for, since it was last told to start (systemd's NRestarts)."""

    def __init__(self) -> None:
        self.restarts = 0
        self._at: list[float] = []

    def allowed(self, unit: Unit, now: float) -> bool:
        """Whether the unit may be started now; if so, it counts."""
        if start_refused(self._at, now, unit.limit_interval, unit.limit_burst):
            return False
        self._at = [*self._at, now][-unit.limit_burst :] if unit.limit_burst else []
        return True

    def forget(self) -> None:
        """It was never started."""
        self.restarts, self._at = 0, []
