"""What the load balancers counted, asked of CloudWatch as a release asks for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from localcloud.controlplane.metrics import KEPT, NAMESPACE, Recorder, samples
from localcloud.location import Location
from localcloud.parts import GroupCounts
from tests.local.controlplane.conftest import World

LOCATION = Location()
BALANCER = f"arn:aws:elasticloadbalancing:{LOCATION.region}:{LOCATION.account}:loadbalancer/app/front/1a"
GROUP = f"arn:aws:elasticloadbalancing:{LOCATION.region}:{LOCATION.account}:targetgroup/web-1/2b"
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
)


def ask(world: World, metric: str, stat: str, group: bool = True) -> list[float]:
    dimensions = [{"Name": "TargetGroup", "Value": "targetgroup/web-1/2b"}] if group else []
    dimensions.append({"Name": "LoadBalancer", "Value": "app/front/1a"})
    now = datetime.now(UTC)
    query: dict[str, Any] = {
        "Id": "asked",
        "MetricStat": {
            "Metric": {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions},
            "Period": 60,
            "Stat": stat,
        },
    }
    found = world.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=now - timedelta(minutes=2), EndTime=now + timedelta(minutes=1)
    )
    values: list[float] = found["MetricDataResults"][0]["Values"]
    return values


def test_counts_of_each_second_add_up_under_awss_names_and_dimensions(world: World) -> None:
    for _ in range(3):
        world.balancer.counts = [COUNTS]
        world.plane.record_metrics()
    assert sum(ask(world, "RequestCount", "Sum")) == 30
    assert sum(ask(world, "HTTPCode_Target_2XX_Count", "Sum")) == 24
    assert sum(ask(world, "HTTPCode_Target_5XX_Count", "Sum")) == 3
    assert sum(ask(world, "TargetConnectionErrorCount", "Sum")) == 3
    assert sum(ask(world, "HTTPCode_ELB_5XX_Count", "Sum", group=False)) == 3
    averages = ask(world, "TargetResponseTime", "Average")
    assert all(abs(average - 0.1) < 1e-9 for average in averages)
    assert averages


def test_a_quiet_second_puts_nothing() -> None:
    assert samples([]) == []
    assert samples([GroupCounts(BALANCER, GROUP)]) == []


def test_an_hour_of_traffic_keeps_an_hour_of_data_and_leaves_others_alone(world: World) -> None:
    backend = cloudwatch_backends[LOCATION.account][LOCATION.region]
    world.client("cloudwatch").put_metric_data(
        Namespace="mine", MetricData=[{"MetricName": "kept", "Value": 1}]
    )
    recorder, start = Recorder(), datetime(2030, 1, 1)
    for minute in range(200):
        recorder.record(backend, [COUNTS], start + timedelta(minutes=minute, seconds=10))
    ours = [datum for datum in backend.metric_data if datum.namespace == NAMESPACE]
    per_minute = len(samples([COUNTS]))
    assert len(ours) == per_minute * (KEPT // timedelta(minutes=1) + 1)
    assert [datum.name for datum in backend.metric_data if datum.namespace == "mine"] == ["kept"]
