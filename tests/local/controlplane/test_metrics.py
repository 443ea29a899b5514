"""What the load balancers counted, asked of CloudWatch as a release asks for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.controlplane.cloudwatch.balancers import NAMESPACE, counted
from localcloud.controlplane.cloudwatch.recorder import KEPT, Recorder
from localcloud.parts import GroupCounts
from tests.local.controlplane.conftest import LOCATION, World

ARN = f"arn:aws:elasticloadbalancing:{LOCATION.region}:{LOCATION.account}"
BALANCER = f"{ARN}:loadbalancer/app/front/1a"
GROUP = f"{ARN}:targetgroup/web-1/2b"
COUNTS = GroupCounts(
    BALANCER,
    GROUP,
    requests=10,
    answered=9,
    target_2xx=8,
    target_5xx=1,
    elb_5xx=1,
    connection_errors=1,
    total_seconds=0.9,
    latencies=((0.05, 8), (0.5, 1)),
)
SCOPE = [
    {"Name": "TargetGroup", "Value": "targetgroup/web-1/2b"},
    {"Name": "LoadBalancer", "Value": "app/front/1a"},
]


def stat(name: str, metric: str, stat: str, group: bool = True, returned: bool = True) -> dict[str, Any]:
    told = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": SCOPE if group else SCOPE[1:]}
    return {"Id": name, "MetricStat": {"Metric": told, "Period": 300, "Stat": stat}, "ReturnData": returned}


def data(world: World, *queries: dict[str, Any]) -> dict[str, list[float]]:
    now = datetime.now(UTC)
    found = world.client("cloudwatch").get_metric_data(
        MetricDataQueries=list(queries),
        StartTime=now - timedelta(minutes=2),
        EndTime=now + timedelta(minutes=1),
    )
    return {one["Id"]: one["Values"] for one in found["MetricDataResults"]}


def ask(world: World, metric: str, statistic: str, group: bool = True) -> float:
    (value,) = data(world, stat("asked", metric, statistic, group))["asked"]
    return value


def test_counts_of_each_second_add_up_under_awss_names_and_dimensions(world: World) -> None:
    for _ in range(3):
        world.balancer.counts = [COUNTS]
        world.plane.record_metrics()
    assert ask(world, "RequestCount", "Sum") == 30
    assert ask(world, "HTTPCode_Target_2XX_Count", "Sum") == 24
    assert ask(world, "HTTPCode_Target_5XX_Count", "Sum") == 3
    assert ask(world, "TargetConnectionErrorCount", "Sum") == 3
    assert ask(world, "HTTPCode_ELB_5XX_Count", "Sum", group=False) == 3
    assert ask(world, "TargetResponseTime", "Average") == pytest.approx(0.1)


def test_percentiles_are_those_of_all_answers_of_the_period(world: World) -> None:
    for _ in range(20):
        world.balancer.counts = [COUNTS]
        world.plane.record_metrics()
    assert ask(world, "TargetResponseTime", "p50") == 0.05
    assert ask(world, "TargetResponseTime", "p88") == 0.05
    assert ask(world, "TargetResponseTime", "p99") == 0.5
    assert ask(world, "TargetResponseTime", "Maximum") == 0.5
    now = datetime.now(UTC)
    (point,) = world.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="TargetResponseTime",
        Dimensions=SCOPE[::-1],
        StartTime=now - timedelta(minutes=2),
        EndTime=now + timedelta(minutes=1),
        Period=300,
        Statistics=["SampleCount"],
        ExtendedStatistics=["p50", "p99.9"],
    )["Datapoints"]
    assert (point["SampleCount"], point["Unit"]) == (180, "Seconds")
    assert point["ExtendedStatistics"] == {"p50": 0.05, "p99.9": 0.5}


def test_metric_math_goes_over_what_is_not_returned_itself(world: World) -> None:
    world.balancer.counts = [COUNTS]
    world.plane.record_metrics()
    found = data(
        world,
        stat("errors", "HTTPCode_Target_5XX_Count", "Sum", returned=False),
        stat("all", "RequestCount", "Sum", returned=False),
        {"Id": "share", "Expression": "100 * (errors / all)"},
        {"Id": "twice", "Expression": "share * 2"},
    )
    assert found == {"share": [10.0], "twice": [20.0]}


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"Id": "e", "Expression": "FILL(m, 0)"}, "FILL"),
        ({"Id": "e", "Expression": "e + 1"}, "needs itself"),
        ({"Id": "e", "Expression": "other + 1"}, "other"),
        ({"Id": "e", "Expression": "2"}, "names no metric"),
        ({"Id": "e", "Expression": "__import__('os').system('true')"}, "__import__"),
        (stat("e", "RequestCount", "tm99"), "tm99"),
    ],
    ids=lambda asked: str(asked.get("Expression", "tm99")) if isinstance(asked, dict) else "",
)
def test_what_cannot_be_answered_is_refused_by_name(world: World, asked: dict[str, Any], named: str) -> None:
    with pytest.raises(ClientError, match=named):
        data(world, stat("m", "RequestCount", "Sum"), asked)


def test_a_quiet_second_puts_nothing() -> None:
    assert list(counted([], {})) == []
    assert list(counted([GroupCounts(BALANCER, GROUP)], {})) == []


def test_an_hour_of_traffic_keeps_an_hour_of_data_and_leaves_others_alone(world: World) -> None:
    backend = world.plane.backend("cloudwatch")
    world.client("cloudwatch").put_metric_data(
        Namespace="mine", MetricData=[{"MetricName": "kept", "Value": 1}]
    )
    recorder, start = Recorder(), datetime(2030, 1, 1)
    for minute in range(200):
        recorder.record(backend, counted([COUNTS], {}), start + timedelta(minutes=minute, seconds=10))
    recorded = [datum for datum in backend.metric_data if hasattr(datum, "key")]
    ours = [datum for datum in recorded if datum.namespace == NAMESPACE and datum.timestamp >= start]
    per_minute = len(list(counted([COUNTS], {})))
    assert len(ours) == per_minute * (KEPT // timedelta(minutes=1) + 1)
    assert [datum.name for datum in backend.metric_data if datum.namespace == "mine"] == ["kept"]
