"""CloudWatch's statistics of a period, out of what was put for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localcloud.controlplane.cloudwatch.samples import Key, key

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
NAMED = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")


class MetricsRefused(Exception):
    """Something was asked of CloudWatch that the local cloud does not do, or nobody can; the message says what."""


@dataclass(frozen=True)
class Reading:
    """`number` values from `least` to `most` that add up to `total`; `spread` says how many there are of each, and
    is empty when nobody knows."""

    total: float
    number: float
    least: float
    most: float
    spread: Mapping[float, float] = field(default_factory=dict)


def statistic(readings: Sequence[Reading], stat: str) -> float | None:
    """One statistic by CloudWatch's name for it, percentiles (`p99`, `p99.9`) among them; None when nothing can be
    said. A percentile is the smallest value that so many percent are not above.

    Raises `MetricsRefused` for another statistic.
    """
    percentile = PERCENTILE.fullmatch(stat)
    if stat not in NAMED and percentile is None:
        known = ", ".join(NAMED)
        raise MetricsRefused(
            f"The local cloud has no statistic {stat}: there are {known} and percentiles (p99)."
        )
    number = sum(one.number for one in readings)
    if not readings or not number:
        return None
    if percentile is not None:
        return _percentile(readings, float(percentile[1]))
    if stat == "SampleCount":
        return number
    if stat == "Minimum":
        return min(one.least for one in readings)
    if stat == "Maximum":
        return max(one.most for one in readings)
    total = sum(one.total for one in readings)
    return total if stat == "Sum" else total / number


def _percentile(readings: Sequence[Reading], percent: float) -> float | None:
    spread: Counter[float] = Counter()
    for one in readings:
        if one.spread:
            spread.update(one.spread)
        elif one.number == 1 or one.least == one.most:
            spread[one.least] += one.number  # type: ignore[assignment]
        else:
            # As on AWS: of a statistic set whose values differ nobody knows the percentiles.
            return None
    wanted = sum(spread.values()) * percent / 100
    seen = 0.0
    for value in sorted(spread):
        seen += spread[value]
        if seen >= wanted:
            return value
    return None


class Readings:
    """moto's data by metric, with their times; those from `since` on."""

    def __init__(self, data: Iterable[Any], since: datetime = datetime.min) -> None:
        self._by_key: dict[Key, list[tuple[datetime, Any]]] = {}
        for datum in data:
            if datum.timestamp >= since:
                held = self._by_key.setdefault(_key(datum), [])
                held.append((datum.timestamp, datum))

    def of(self, metric: Key, start: datetime, end: datetime) -> list[tuple[datetime, Reading]]:
        """What was put for exactly this metric from `start` on and before `end`."""
        return [(at, _reading(datum)) for at, datum in self._by_key.get(metric, ()) if start <= at < end]


def _key(datum: Any) -> Key:
    held: Key | None = getattr(datum, "key", None)
    if held is None:
        held = key(datum.namespace, datum.name, {one.name: one.value for one in datum.dimensions})
    return held


def _reading(datum: Any) -> Reading:
    if hasattr(datum, "value"):
        return Reading(datum.value, 1, datum.value, datum.value)
    spread = dict(getattr(datum, "spread", {}))
    return Reading(datum.sum, datum.sample_count, datum.min, datum.max, spread)
