"""Which release had which share of the traffic, and when: as the load balancer was told, whoever told it."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from types import TracebackType

from localcloud.control import ask

PERIOD = 0.1
"""Seconds between two looks."""

MAIN = 40000
_RELEASE = re.compile(r"^web-([0-9a-f]{8})-")


class Timeline:
    """Watches from entering to leaving, by a door that no fault of the API closes. Times are of the monotonic clock."""

    def __init__(self, control: Path) -> None:
        self._control = control
        self._seen: list[tuple[float, frozenset[str]]] = []
        self._ended = threading.Event()

    def __enter__(self) -> Timeline:
        self._look()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(10)

    @property
    def now(self) -> frozenset[str]:
        """The releases with a share, as seen last."""
        return self._seen[-1][1]

    def last(self, release: str, since: float) -> float:
        """Until when (s after `since`) the release had a share; 0 where it had none."""
        had = [moment for moment, serving in self._seen if moment > since and release in serving]
        return had[-1] - since if had else 0.0

    def _watch(self) -> None:
        while not self._ended.wait(PERIOD):
            self._look()

    def _look(self) -> None:
        rules = [
            rule
            for balancer in ask(self._control, "status")["load_balancers"]
            for listener in balancer["listeners"]
            for rule in listener["rules"]
            if rule["priority"] == MAIN
        ]
        weights = rules[0]["then"]["weights"] if rules else {}
        named = {_RELEASE.match(group): weight for group, weight in weights.items()}
        serving = frozenset(match[1] for match, weight in named.items() if match and weight)
        self._seen.append((time.monotonic(), serving))
