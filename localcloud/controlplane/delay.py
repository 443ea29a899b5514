"""Weights that take their time: the API holds a change at once, the data plane follows some seconds later."""

from __future__ import annotations

from localcloud.controlplane.routing import Routing

Routings = tuple[Routing, ...]


class DelayedRouting:
    """What the data plane has of what the API holds. Every change takes the delay that was set when it was
    seen."""

    def __init__(self) -> None:
        self._served: Routings = ()
        self._pending: list[tuple[float, Routings]] = []

    def follow(self, held: Routings, delay: float, now: float) -> Routings:
        """The routing to serve at `now` (seconds, any steady clock) when the API holds `held`."""
        latest = self._pending[-1][1] if self._pending else self._served
        if delay == 0:
            self._pending.clear()
            self._served = held
        elif held != latest:
            self._pending.append((now + delay, held))
        while self._pending and self._pending[0][0] <= now:
            self._served = self._pending.pop(0)[1]
        return self._served

    @property
    def behind(self) -> bool:
        """Whether the data plane has not yet all that the API holds."""
        return bool(self._pending)
