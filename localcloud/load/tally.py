"""The counts of a run. Every request that was sent ends in exactly one `done`; nothing is forgotten or
smoothed."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localcloud.load.mix import Kind

KEPT_FAILURES = 20
"""How many failures are told one by one."""
BEHIND_SECONDS = 0.01
"""A request that is sent later than this after it was due counts as behind: the generator's own fault."""

GROWTH = 1.02


def percentile(ordered: array[float], share: float) -> float:
    """The smallest value that at least this share of the values do not exceed (nearest rank); 0 of none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def milliseconds(latencies: array[float]) -> dict[str, float]:
    """p50, p90, p99, p999 and max of latencies in seconds, in milliseconds."""
    ordered = array("d", sorted(latencies))
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {name: round(percentile(ordered, share) * 1000, 2) for name, share in shares.items()}


def histogram(latencies: array[float]) -> list[tuple[float, int]]:
    """How many latencies (s) are in each class, by the class's upper bound in ms, rising. A bound is `GROWTH` times the
    one before, so that several runs' classes can be added up; 0.01 ms and less are the first.
    """
    found = Counter(max(0, math.ceil(math.log(max(each * 1000, 0.01) / 0.01, GROWTH))) for each in latencies)
    return [(round(0.01 * GROWTH**place, 4), count) for place, count in sorted(found.items())]


def instant(at: float) -> str:
    """A time of the wall clock, in seconds since the epoch, as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


@dataclass
class Release:
    """What one release answered. Times are those of whole answers; `last_prompt` leaves the slow requests out, which
    are answered seconds after they were given to it."""

    answered: int = 0
    errors: int = 0
    first: float = 0.0
    last: float = 0.0
    last_prompt: float = 0.0


@dataclass
class Part:
    """One kind of request."""

    sent: int = 0
    answered: int = 0
    failed: int = 0
    latencies: array[float] = field(default_factory=lambda: array("d"))


class Tally:
    """Times are of the wall clock, in seconds. An answer of 400 and above counts as answered and as
    failed."""

    def __init__(self) -> None:
        self.sent = 0
        self.answered = 0
        self.behind = 0
        self.behind_max = 0.0
        self.failed: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.releases: dict[str, Release] = {}
        self.parts: dict[Kind, Part] = {}
        self.failures: list[dict[str, Any]] = []
        self.window: array[float] = array("d")
        """Latencies since the window was last taken, for a live view."""

    def send(self, kind: Kind, lag: float) -> None:
        """A request goes out, `lag` seconds after it was due."""
        self.sent += 1
        self._part(kind).sent += 1
        if lag > BEHIND_SECONDS:
            self.behind += 1
        self.behind_max = max(self.behind_max, lag)

    def done(self, kind: Kind, due: float, at: float, status: int, release: str, failure: str) -> None:
        """A request has ended. `status` 0: there was no whole answer; `failure` "": all was well."""
        part = self._part(kind)
        if status:
            self.answered += 1
            part.answered += 1
            self.statuses[status] += 1
            seen = self.releases.get(release)
            if seen is None:
                seen = self.releases[release] = Release(first=at)
            seen.answered += 1
            seen.errors += bool(failure)
            seen.last = at
            if kind != "slow":
                seen.last_prompt = at
        if failure:
            self.failed[failure] += 1
            part.failed += 1
            if len(self.failures) < KEPT_FAILURES:
                told = {"at": instant(at), "failure": failure, "release": release, "request": kind}
                self.failures.append({**told, "after_ms": round((at - due) * 1000, 1)})
        else:
            part.latencies.append(at - due)
            if kind != "slow":
                self.window.append(at - due)

    def _part(self, kind: Kind) -> Part:
        part = self.parts.get(kind)
        if part is None:
            part = self.parts[kind] = Part()
        return part

    def take_window(self) -> array[float]:
        """The latencies of all but slow requests since the last call."""
        window, self.window = self.window, array("d")
        return window

    def summary(self, started: float, ended: float) -> dict[str, Any]:
        """The run as one JSON-able object. `latency_ms` leaves out the slow requests, which `by_request`
        has, and counts what was answered well only, from the time when each request was due."""
        prompt = array("d")
        for kind, part in self.parts.items():
            if kind != "slow":
                prompt.extend(part.latencies)
        return {
            "started": instant(started),
            "ended": instant(ended),
            "sent": self.sent,
            "answered": self.answered,
            "failed_total": self.failed.total(),
            "failed": dict(self.failed.most_common()),
            "by_status": {str(status): count for status, count in sorted(self.statuses.items())},
            "by_release": {
                name: {
                    "answered": seen.answered,
                    "errors": seen.errors,
                    "first": instant(seen.first),
                    "last": instant(seen.last),
                    "last_prompt": instant(seen.last_prompt),
                }
                for name, seen in self.releases.items()
            },
            "by_request": {
                kind: {
                    "sent": part.sent,
                    "answered": part.answered,
                    "failed": part.failed,
                    "latency_ms": milliseconds(part.latencies),
                }
                for kind, part in self.parts.items()
            },
            "latency_ms": milliseconds(prompt),
            "latency_histogram": histogram(prompt),
            "behind": {"requests": self.behind, "max_ms": round(self.behind_max * 1000, 2)},
            "failures": self.failures,
        }
