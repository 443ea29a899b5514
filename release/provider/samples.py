"""What a watch has seen since it looked last, as numbers for the timeline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from release.probes import Answer
from release.timeline import Record
from release.verdict import Counts


class Samples:
    """One for each look at the metrics: what the balancer has counted so far, and the probes of the time between."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._times: dict[bool, list[float]] = {True: [], False: []}
        self._failed = 0

    def probed(self, new: bool, answer: Answer) -> None:
        """A probe that the new release has answered, or another one, or nobody."""
        if answer.failure:
            self._failed += 1
        elif answer.release:
            self._times[new].append(answer.seconds)

    def take(self, new: Counts, old: Counts) -> None:
        """Counts since the watch began."""
        self._record(
            "sample",
            new=counted(new),
            old=counted(old),
            probes={
                "new": timed(self._times[True]),
                "old": timed(self._times[False]),
                "failed": self._failed,
            },
        )
        self._times, self._failed = {True: [], False: []}, 0


def counted(counts: Counts) -> dict[str, Any]:
    """Requests, the failed ones of them, and their mean time (ms)."""
    return {
        "requests": counts.requests,
        "errors": counts.errors,
        "mean": round(counts.mean * 1000, 2),
    }


def timed(seconds: Sequence[float]) -> dict[str, Any]:
    """How many, and their 50th and 99th percentile (ms, nearest rank); of fewer than 100 that is the slowest."""
    if not seconds:
        return {"count": 0}
    ranked = sorted(seconds)
    rank = {name: ranked[math.ceil(share * len(ranked)) - 1] for name, share in (("p50", 0.5), ("p99", 0.99))}
    return {"count": len(ranked), **{name: round(each * 1000, 2) for name, each in rank.items()}}
