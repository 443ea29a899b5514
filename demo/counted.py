"""What the load saw of one act. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Seen:
    """One release in the load's eyes; times are of the wall clock, in seconds since the epoch."""

    answered: int
    errors: int
    first: float
    last: float


@dataclass(frozen=True)
class Counted:
    """The closing object of `localcloud load`. Latencies in milliseconds, slow requests left out."""

    sent: int
    failed: int
    kinds: tuple[tuple[str, int], ...]
    releases: tuple[tuple[str, Seen], ...]
    p50: float
    p99: float

    @classmethod
    def parse(cls, report: Mapping[str, Any]) -> Counted:
        return cls(
            sent=report["sent"],
            failed=report["failed_total"],
            kinds=tuple(sorted(report["failed"].items())),
            releases=tuple(
                (name, Seen(it["answered"], it["errors"], _epoch(it["first"]), _epoch(it["last"])))
                for name, it in report["by_release"].items()
            ),
            p50=report["latency_ms"]["p50"],
            p99=report["latency_ms"]["p99"],
        )

    def of(self, release: str) -> Seen | None:
        return dict(self.releases).get(release)

    def own_failures(self, release: str) -> int:
        """Requests that this release itself answered with an error."""
        seen = self.of(release)
        return seen.errors if seen else 0

    def lost(self, candidate: str, refused: bool) -> int:
        """Requests that failed because of the release: all failures, but for those that a candidate which was
        refused answered itself while it had its share of the traffic."""
        return self.failed - (self.own_failures(candidate) if refused else 0)


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
