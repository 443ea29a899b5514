"""Questions to CloudWatch: metrics by statistic and period, and what is calculated from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from localcloud.controlplane.cloudwatch.metricmath import Series, calculate
from localcloud.controlplane.cloudwatch.samples import Key, key
from localcloud.controlplane.cloudwatch.statistics import MetricsRefused, Readings, statistic

PERIOD = 60


@dataclass(frozen=True)
class Query:
    """Either `metric` with its `stat`, or an `expression` over the ids of other queries. `period` in seconds."""

    id: str
    metric: Key | None = None
    stat: str = ""
    period: int = PERIOD
    expression: str = ""
    label: str = ""
    returned: bool = True


def query(asked: Mapping[str, Any]) -> Query:
    """A MetricDataQuery in AWS's own words; a policy's leaves the period out.

    Raises `MetricsRefused` when it has neither a metric nor an expression.
    """
    returned = str(asked.get("ReturnData", True)).lower() != "false"
    expression, stat = asked.get("Expression"), asked.get("MetricStat")
    label = asked.get("Label") or ""
    if expression:
        return Query(asked["Id"], expression=expression, label=label or asked["Id"], returned=returned)
    if not stat:
        raise MetricsRefused("The parameter MetricDataQueries.member.1.MetricStat is required.")
    metric = stat["Metric"]
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions") or ()}
    return Query(
        id=asked["Id"],
        metric=key(metric.get("Namespace", ""), metric["MetricName"], dimensions),
        stat=stat["Stat"],
        period=int(stat.get("Period") or asked.get("Period") or PERIOD),
        label=label or f"{metric['MetricName']} {stat['Stat']}",
        returned=returned,
    )


def answer(
    queries: Sequence[Query], readings: Readings, start: datetime, end: datetime
) -> Mapping[str, Series]:
    """The values of every query by its id, in the periods from `start` (a period's start itself) to `end`. A period
    without data has no value.

    Raises `MetricsRefused` for what cannot be answered.
    """
    by_id = {one.id: one for one in queries}
    found: dict[str, Series] = {}
    asking: list[str] = []

    def series_of(name: str) -> Series:
        if name in found:
            return found[name]
        one = by_id.get(name)
        if one is None or name in asking:
            why = "needs itself" if name in asking else "is the id of no query"
            raise MetricsRefused(f"{name} {why}; there are: {', '.join(by_id)}.")
        asking.append(name)
        found[name] = (
            _series(one, readings, start, end) if one.metric else calculate(one.expression, series_of)
        )
        asking.remove(name)
        return found[name]

    return {one.id: series_of(one.id) for one in queries}


def _series(one: Query, readings: Readings, start: datetime, end: datetime) -> Series:
    assert one.metric is not None
    period = timedelta(seconds=one.period)
    periods: dict[datetime, list[Any]] = {}
    for at, reading in readings.of(one.metric, start, end):
        periods.setdefault(start + (at - start) // period * period, []).append(reading)
    values = {at: statistic(held, one.stat) for at, held in sorted(periods.items())}
    if not values:
        statistic((), one.stat)
    return {at: value for at, value in values.items() if value is not None}
