"""Target tracking: the decision alone, and groups that grow and shrink by what is measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.controlplane.cloudwatch.policies import IN_MINUTES, Capacity, Tracking, agreed, wanted
from localcloud.parts import GroupCounts
from tests.local.controlplane.conftest import World

TARGET = Tracking(target=100.0, queries=(), id="m")
FOUR = Capacity(least=1, most=10, desired=4, working=4)
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def quiet(value: float) -> list[float | None]:
    return [value] * IN_MINUTES


@pytest.mark.parametrize(
    ("last", "expected"), [(100.0, 4), (100.1, 5), (150.0, 6), (1000.0, 10), (0.0, 4), (None, 4)]
)
def test_a_group_grows_at_once_by_as_much_as_its_metric_is_above_the_target(
    last: float | None, expected: int
) -> None:
    assert wanted(TARGET, [None, None, last], FOUR) == expected


def test_instances_that_warm_up_are_not_multiplied_a_second_time() -> None:
    growing = Capacity(least=1, most=10, desired=6, working=4, warming=True)
    assert wanted(TARGET, quiet(150), growing) == 6
    assert wanted(TARGET, quiet(200), growing) == 8
    assert wanted(TARGET, quiet(10), growing) == 6


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (quiet(50), 2),
        (quiet(0), 1),
        (quiet(89), 4),
        (quiet(90), 4),
        ([0.0, 0.0, 95.0, 0.0, 0.0], 4),
        ([None, 0.0, 0.0, 0.0, 0.0], 4),
        ([0.0, 0.0, 0.0, 70.0, 0.0], 3),
    ],
)
def test_a_group_shrinks_only_after_minutes_that_are_all_well_below(
    minutes: list[float | None], expected: int
) -> None:
    assert wanted(TARGET, minutes, FOUR) == expected


def test_a_policy_that_does_not_scale_in_and_a_group_that_just_changed_never_shrink() -> None:
    assert wanted(Tracking(100.0, (), "m", scales_in=False), quiet(0), FOUR) == 4
    assert wanted(TARGET, quiet(0), Capacity(1, 10, 4, 4, rested=False)) == 4


def test_the_policy_that_wants_most_is_followed() -> None:
    assert agreed(4, []) == 4
    assert agreed(4, [2, 4]) == 4
    assert agreed(4, [2, 3]) == 3
    assert agreed(4, [2, 7]) == 7


@given(
    st.lists(st.none() | st.floats(0, 1e6), max_size=7),
    st.integers(0, 5),
    st.integers(0, 10),
    st.integers(0, 12),
    st.booleans(),
    st.booleans(),
)
def test_no_figure_moves_a_group_out_of_its_limits(
    minutes: list[float | None], least: int, more: int, working: int, warming: bool, rested: bool
) -> None:
    for desired in range(least, least + more + 1):
        now = Capacity(least, least + more, desired, working, warming, rested)
        assert least <= wanted(TARGET, minutes, now) <= least + more


# --- on the control plane ---


class Load:
    """A fleet of two behind a load balancer, and a clock."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = NOON
        world.plane.cloudwatch.wall = lambda: self.now
        vpc, subnets = world.network()
        self.balancer, listener = world.balancer_with_listener(subnets)
        self.group = world.target_group(vpc)
        world.forward(listener, {self.group: 1})
        world.fleet(subnets, [self.group], MinSize=2, MaxSize=8, DefaultCooldown=120)
        world.pass_time(1)
        world.plane.look()

    def policy(self, tracked: dict[str, Any]) -> None:
        self.world.client("autoscaling").put_scaling_policy(
            AutoScalingGroupName="web",
            PolicyName="track",
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration=tracked,
        )

    def by_requests(self, target: float) -> None:
        label = self.balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]
        label += "/" + self.group.rpartition(":")[2]
        kind = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
        self.policy({"PredefinedMetricSpecification": kind, "TargetValue": target})

    def minute(self, requests: int = 0) -> int:
        """A minute with so many requests; returns the desired capacity after it."""
        for step in range(4):
            counts = GroupCounts(self.balancer["LoadBalancerArn"], self.group, requests=requests)
            self.world.balancer.counts = [counts] if requests and step == 1 else []
            self.world.plane.record_metrics()
            self.world.plane.look()
            self.now += timedelta(seconds=15)
        self.world.plane.look()
        self.world.pass_time(1)
        return len([state for state in self.world.members().values() if state == "InService"])


@pytest.fixture
def load(world: World) -> Load:
    return Load(world)


def test_a_web_group_follows_the_requests_that_each_target_gets(load: Load) -> None:
    load.by_requests(100)
    assert load.minute(200) == 2
    assert load.minute(500) == 5
    # Five serve now, each of them 100: what two could not do is not asked for again.
    assert load.minute(500) == 5
    assert [load.minute(100) for _ in range(4)] == [5, 5, 5, 5]
    assert load.minute(100) == 2
    assert [load.minute() for _ in range(6)] == [2] * 6
    assert any("5 instances instead of 2" in line for line in load.world.log)


def test_workers_follow_what_waits_for_each_of_them(load: Load) -> None:
    world = load.world
    sqs = world.client("sqs")
    world.plane.backend("sqs").reset()
    url = sqs.create_queue(QueueName="backlog")["QueueUrl"]
    world.client("autoscaling").enable_metrics_collection(
        AutoScalingGroupName="web", Granularity="1Minute", Metrics=["GroupInServiceInstances"]
    )

    def metric(
        name: str, namespace: str, measured: str, dimension: str, value: str, stat: str
    ) -> dict[str, Any]:
        told = {
            "Namespace": namespace,
            "MetricName": measured,
            "Dimensions": [{"Name": dimension, "Value": value}],
        }
        return {"Id": name, "MetricStat": {"Metric": told, "Stat": stat}, "ReturnData": False}

    group = ("AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", "web", "Average")
    waiting = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "backlog", "Sum")
    metrics = [
        metric("waiting", *waiting),
        metric("serving", *group),
        {"Id": "backlog", "Expression": "waiting / serving", "ReturnData": True},
    ]
    load.policy({"CustomizedMetricSpecification": {"Metrics": metrics}, "TargetValue": 5.0})
    assert load.minute() == 2
    for n in range(3):
        entries = [{"Id": str(m), "MessageBody": f"{n}-{m}"} for m in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert load.minute() == 6


def test_a_group_whose_policy_is_suspended_or_cannot_be_measured_stays_and_says_so(load: Load) -> None:
    load.policy(
        {
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageNetworkIn"},
            "TargetValue": 5.0,
        }
    )
    assert load.minute(5000) == 2
    assert sum("does not measure ASGAverageNetworkIn" in line for line in load.world.log) == 1
    load.by_requests(10)
    load.world.client("autoscaling").suspend_processes(
        AutoScalingGroupName="web", ScalingProcesses=["AlarmNotification"]
    )
    assert load.minute(5000) == 2


def test_an_alarm_lets_a_simple_policy_act(load: Load) -> None:
    api = load.world.client("autoscaling")
    api.put_scaling_policy(
        AutoScalingGroupName="web",
        PolicyName="more",
        PolicyType="SimpleScaling",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )
    arn = api.describe_policies(PolicyNames=["more"])["ScalingPolicies"][0]["PolicyARN"]
    load.world.client("cloudwatch").put_metric_alarm(
        AlarmName="unwell",
        Namespace="AWS/ApplicationELB",
        MetricName="UnHealthyHostCount",
        Dimensions=[
            {
                "Name": "LoadBalancer",
                "Value": load.balancer["LoadBalancerArn"].partition(":loadbalancer/")[2],
            },
            {"Name": "TargetGroup", "Value": load.group.rpartition(":")[2]},
        ],
        Statistic="Minimum",
        Period=60,
        EvaluationPeriods=2,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        Threshold=1,
        AlarmActions=[arn],
    )
    assert load.minute() == 2
    first = load.world.instances.specs[next(iter(load.world.members()))]
    load.world.balancer.unwell = {first.address}
    # The first of these minutes began with all of them healthy.
    assert [load.minute() for _ in range(3)] == [2, 2, 3]
