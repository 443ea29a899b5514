"""What the load balancers answered, as CloudWatch would have it: namespace AWS/ApplicationELB, one datum a
minute, grown each second. Names and dimensions: 'CloudWatch metrics for your Application Load Balancer' in
AWS's documentation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from moto.cloudwatch.models import MetricAggregatedDatum

from localcloud.parts import GroupCounts

NAMESPACE = "AWS/ApplicationELB"
KEPT = timedelta(hours=1)
Dimensions = tuple[tuple[str, str], ...]
Sample = tuple[str, Dimensions, float, float]
"""(metric, dimensions, sum, sample count)"""


def samples(counts: Iterable[GroupCounts]) -> list[Sample]:
    """The samples of one second. A metric that counted nothing is left out, as AWS does."""
    found: list[Sample] = []
    for count in counts:
        balancer = (("LoadBalancer", count.load_balancer_arn.partition(":loadbalancer/")[2]),)
        group = count.target_group_arn.rpartition(":")[2]
        scopes: list[Dimensions] = [balancer]
        if group:
            scopes.append((("TargetGroup", group), *balancer))
        by_target = {
            "RequestCount": count.requests,
            "HTTPCode_Target_2XX_Count": count.target_2xx,
            "HTTPCode_Target_3XX_Count": count.target_3xx,
            "HTTPCode_Target_4XX_Count": count.target_4xx,
            "HTTPCode_Target_5XX_Count": count.target_5xx,
            "TargetConnectionErrorCount": count.connection_errors,
        }
        by_balancer = {"HTTPCode_ELB_4XX_Count": count.elb_4xx, "HTTPCode_ELB_5XX_Count": count.elb_5xx}
        for scope in scopes:
            found += [(name, scope, number, number) for name, number in by_target.items() if number]
            if count.answered:
                found.append(("TargetResponseTime", scope, count.total_seconds, count.answered))
        found += [(name, balancer, number, number) for name, number in by_balancer.items() if number]
    return found


class Recorder:
    """Keeps the minutes of one moto CloudWatchBackend, and drops those older than an hour."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[str, Dimensions, datetime], Any] = {}

    def record(self, backend: Any, counts: Iterable[GroupCounts], now: datetime) -> None:
        """`now` is UTC without a time zone, as moto has it."""
        minute = now.replace(second=0, microsecond=0)
        for name, dimensions, total, number in samples(counts):
            datum = self._minutes.get((name, dimensions, minute))
            if datum is None:
                datum = self._datum(name, dimensions, minute)
                self._minutes[(name, dimensions, minute)] = datum
                backend.metric_data.append(datum)
            datum.sum += total
            datum.sample_count += number
            datum.min = min(datum.min, total / number)
            datum.max = max(datum.max, total / number)
        self._trim(backend, minute - KEPT)

    def _datum(self, name: str, dimensions: Dimensions, minute: datetime) -> Any:
        return MetricAggregatedDatum(
            namespace=NAMESPACE,
            name=name,
            min_stat=float("inf"),
            max_stat=0.0,
            sample_count=0.0,
            sum_stat=0.0,
            dimensions=[{"Name": key, "Value": value} for key, value in dimensions],
            timestamp=minute,
            unit="Seconds" if name == "TargetResponseTime" else "Count",
        )

    def _trim(self, backend: Any, oldest: datetime) -> None:
        old = [key for key in self._minutes if key[2] < oldest]
        if old:
            dropped = {id(self._minutes.pop(key)) for key in old}
            backend.metric_data = [datum for datum in backend.metric_data if id(datum) not in dropped]
