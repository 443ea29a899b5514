"""Target tracking: how many instances a group should have ('Target tracking scaling policies' in AWS's documentation).
Pure.

It goes by whole minutes, as AWS does, but acts after 1 of them where AWS waits for 3, and takes instances away after
5 where AWS waits for 15.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.controlplane.cloudwatch.queries import Query, query
from localcloud.controlplane.cloudwatch.samples import key
from localcloud.controlplane.cloudwatch.statistics import MetricsRefused

IN_MINUTES = 5
SLACK = 0.9
"""Instances are taken away only where the metric is below so much of its target."""
WARM_UP = 300.0


@dataclass(frozen=True)
class Tracking:
    """`queries` give the metric, under `id`; `warm_up` in seconds."""

    target: float
    queries: tuple[Query, ...]
    id: str
    scales_in: bool = True
    warm_up: float = WARM_UP


@dataclass(frozen=True)
class Capacity:
    """A group now. `working` leaves out the instances that are warming up; `rested`: its capacity was not changed in
    the minutes that a decision to take instances away goes by."""

    least: int
    most: int
    desired: int
    working: int
    warming: bool = False
    rested: bool = True


def wanted(tracking: Tracking, minutes: Sequence[float | None], now: Capacity) -> int:
    """The capacity that one policy wants, after the values of these whole minutes, the last one last. Without a value
    in the last minute nothing changes."""
    last = minutes[-1] if minutes else None
    if last is None:
        return now.desired
    if last > tracking.target:
        needed = math.ceil(max(1, now.working) * last / tracking.target)
        return max(now.desired, min(needed, now.most))
    recent = [value for value in minutes[-IN_MINUTES:] if value is not None]
    quiet = len(recent) == IN_MINUTES and max(recent) < SLACK * tracking.target
    if not (quiet and tracking.scales_in and now.rested) or now.warming:
        return now.desired
    needed = math.ceil(now.desired * max(recent) / tracking.target)
    return min(now.desired, max(needed, now.least))


def agreed(desired: int, answers: Iterable[int]) -> int:
    """What is done when several policies look at a group: the most that any of them wants; less than now only when
    all want less."""
    return max(answers, default=desired)


def tracking(told: Mapping[str, Any], group: str, warm_up: float) -> Tracking:
    """A TargetTrackingConfiguration in AWS's own words, for the group of that name.

    Raises `MetricsRefused` for a metric that the local cloud does not have.
    """
    predefined, customized = (
        told.get("PredefinedMetricSpecification"),
        told.get("CustomizedMetricSpecification"),
    )
    if predefined:
        queries: tuple[Query, ...] = (_predefined(predefined, group),)
    elif customized and customized.get("Metrics"):
        queries = tuple(query(one) for one in customized["Metrics"])
    elif customized:
        dimensions = {one["Name"]: one["Value"] for one in customized.get("Dimensions") or ()}
        metric = key(customized["Namespace"], customized["MetricName"], dimensions)
        queries = (Query(id="m", metric=metric, stat=customized["Statistic"]),)
    else:
        raise MetricsRefused("A target tracking policy needs a metric.")
    returned = [one.id for one in queries if one.returned]
    if len(returned) != 1:
        raise MetricsRefused("Exactly one of the metrics of a target tracking policy has ReturnData.")
    scales_in = str(told.get("DisableScaleIn", False)).lower() != "true"
    return Tracking(float(told["TargetValue"]), queries, returned[0], scales_in, warm_up)


def _predefined(told: Mapping[str, Any], group: str) -> Query:
    kind = told["PredefinedMetricType"]
    if kind == "ASGAverageCPUUtilization":
        metric = key("AWS/EC2", "CPUUtilization", {"AutoScalingGroupName": group})
        return Query(id="m", metric=metric, stat="Average")
    balancer, found, target_group = told.get("ResourceLabel", "").partition("/targetgroup/")
    if kind != "ALBRequestCountPerTarget":
        raise MetricsRefused(f"The local cloud does not measure {kind}.")
    if not found:
        raise MetricsRefused("ALBRequestCountPerTarget: ResourceLabel is app/NAME/ID/targetgroup/NAME/ID.")
    dimensions = {"LoadBalancer": balancer, "TargetGroup": f"targetgroup/{target_group}"}
    return Query(id="m", metric=key("AWS/ApplicationELB", "RequestCountPerTarget", dimensions), stat="Sum")
