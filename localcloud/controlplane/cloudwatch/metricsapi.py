"""GetMetricData and GetMetricStatistics as AWS answers them: moto finds a metric of two dimensions in one order of them
only, has no percentiles, and calculates nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from localcloud.controlplane.cloudwatch.queries import Query, answer, query
from localcloud.controlplane.cloudwatch.samples import key
from localcloud.controlplane.cloudwatch.statistics import MetricsRefused, Readings
from localcloud.controlplane.hooks import Hook


def metrics_api() -> tuple[Hook, ...]:
    """Hooks that need nothing but moto."""
    return (
        Hook(
            CloudWatchBackend,
            "get_metric_data",
            ("queries", "start_time", "end_time", "scan_by"),
            _metric_data,
        ),
        Hook(CloudWatchResponse, "get_metric_statistics", (), _metric_statistics),
    )


def _metric_data(
    _original: Any,
    backend: Any,
    queries: Sequence[Mapping[str, Any]],
    start_time: datetime,
    end_time: datetime,
    scan_by: str = "TimestampAscending",
) -> list[dict[str, Any]]:
    if start_time >= end_time:
        raise ValidationError("The parameter EndTime must be greater than StartTime.")
    start = _whole_minute(start_time)
    try:
        asked = [query(one) for one in queries]
        found = answer(asked, Readings(backend.get_all_metrics(), start), start, end_time)
    except MetricsRefused as refused:
        raise ValidationError(str(refused)) from None
    results = []
    for one in asked:
        if one.returned:
            values = sorted(found[one.id].items(), reverse=scan_by == "TimestampDescending")
            results.append(
                {
                    "id": one.id,
                    "label": one.label,
                    "timestamps": [at for at, _ in values],
                    "values": [value for _, value in values],
                    "status_code": "Complete",
                }
            )
    return results


def _metric_statistics(_original: Any, response: Any) -> ActionResult:
    asked = response._get_params()
    named, extended = asked.get("Statistics") or [], asked.get("ExtendedStatistics") or []
    if not named and not extended:
        raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    start, end = asked["StartTime"], asked["EndTime"]
    if start >= end:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    start = _whole_minute(start)
    dimensions = {one["Name"]: one["Value"] for one in asked.get("Dimensions") or ()}
    metric, period = key(asked["Namespace"], asked["MetricName"], dimensions), int(asked["Period"])
    backend = response.cloudwatch_backend
    readings = Readings(backend.get_all_metrics(), start)
    # An id for each statistic, which may not have a dot.
    queries = [
        Query(id=str(n), metric=metric, stat=stat, period=period)
        for n, stat in enumerate([*named, *extended])
    ]
    try:
        found = answer(queries, readings, start, end)
    except MetricsRefused as refused:
        raise InvalidParameterValue(str(refused)) from None
    units = {datum.unit for datum in backend.metric_data if datum.name == asked["MetricName"] and datum.unit}
    points: dict[datetime, dict[str, Any]] = {}
    for one in queries:
        for at, value in found[one.id].items():
            point = points.setdefault(at, {"Timestamp": at, "Unit": next(iter(units), "None")})
            held = point.setdefault("ExtendedStatistics", {}) if one.stat in extended else point
            held[one.stat] = value
    return ActionResult({"Label": asked["MetricName"], "Datapoints": [points[at] for at in sorted(points)]})


def _whole_minute(at: datetime) -> datetime:
    """AWS rounds a start time of the last 15 days down to the whole minute (GetMetricData, StartTime)."""
    return at - timedelta(seconds=at.second, microseconds=at.microsecond)
