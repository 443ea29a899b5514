"""The ports to AWS against a real control plane: what is written is read, and refusals have names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from release import aws
from release.balancer import ElasticLoadBalancing, load_balancer_of
from release.errors import BalancerBusy, BalancerError, CannotMeasure, SchedulerError
from release.metrics import CloudWatch
from release.provider.lease_store import BucketLeaseStore
from release.scheduler import Applied, Entry, Scheduler
from tests.provider.cloud import BUCKET, PRIORITY


@pytest.fixture(autouse=True)
def _aws(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process finds the cloud by AWS's own variables, with clients made for it."""
    for name, value in cloud.variables.items():
        monkeypatch.setenv(name, value)
    aws._clients.clear()
    yield
    aws._clients.clear()


async def test_a_rule_is_made_changed_read_and_removed(cloud: Any) -> None:
    balancer = ElasticLoadBalancing(aws.Calls("elbv2"))
    assert await balancer.rule(cloud.listener, PRIORITY) is None
    made = await balancer.create_rule(cloud.listener, PRIORITY, {cloud.old: 100})
    await balancer.set_weights(made.arn, {cloud.old: 95, cloud.new: 5})
    found = await balancer.rule(cloud.listener, PRIORITY)
    assert found
    assert (found.arn, dict(found.weights)) == (made.arn, {cloud.old: 95, cloud.new: 5})
    await balancer.delete_rule(made.arn)
    await balancer.delete_rule(made.arn)
    assert await balancer.rule(cloud.listener, PRIORITY) is None


async def test_a_listener_that_is_gone_has_no_rule(cloud: Any) -> None:
    balancer = ElasticLoadBalancing(aws.Calls("elbv2"))
    assert await balancer.rule(cloud.listener[:-4] + "dead", PRIORITY) is None


async def test_what_the_api_refuses_is_told_in_its_words(cloud: Any) -> None:
    balancer = ElasticLoadBalancing(aws.Calls("elbv2"))
    with pytest.raises(BalancerError) as refused:
        await balancer.create_rule(cloud.listener, PRIORITY, {cloud.old[:-4] + "dead": 100})
    assert not isinstance(refused.value, BalancerBusy)
    assert "create_rule" in refused.value.seen


async def test_a_read_outlives_throttling_and_a_write_is_tried_once(cloud: Any) -> None:
    balancer = ElasticLoadBalancing(aws.Calls("elbv2"), patience=10)
    made = await balancer.create_rule(cloud.listener, PRIORITY, {cloud.old: 100})
    cloud.throttle["elasticloadbalancing"] = 0.5
    for _ in range(10):
        assert await balancer.rule(cloud.listener, PRIORITY)
    cloud.throttle["elasticloadbalancing"] = 1.0
    begun = time.monotonic()
    with pytest.raises(BalancerBusy, match="Throttling"):
        await balancer.set_weights(made.arn, {cloud.new: 100})
    assert time.monotonic() - begun < 1


async def test_a_write_that_nobody_waits_for_any_more_never_overtakes_the_next_one(cloud: Any) -> None:
    balancer = ElasticLoadBalancing(aws.Calls("elbv2"))
    made = await balancer.create_rule(cloud.listener, PRIORITY, {cloud.old: 100})
    cloud.hang = 0.5
    abandoned = asyncio.ensure_future(balancer.set_weights(made.arn, {cloud.new: 100}))
    await asyncio.sleep(0.1)
    abandoned.cancel()
    await balancer.set_weights(made.arn, {cloud.old: 100})
    assert [weights for _, weights in cloud.writes][-2:] == [{"c0ffee12": 100}, {"ab12cd34": 100}]
    await asyncio.sleep(0.6)
    assert cloud.weights() == {"ab12cd34": 100}


async def test_an_api_that_hangs_is_given_up_within_the_time_that_the_lease_counts_on(cloud: Any) -> None:
    balancer = ElasticLoadBalancing(aws.Calls("elbv2"))
    made = await balancer.create_rule(cloud.listener, PRIORITY, {cloud.old: 100})
    cloud.hang = 4
    begun = time.monotonic()
    with pytest.raises(BalancerBusy):
        await balancer.set_weights(made.arn, {cloud.new: 100})
    assert time.monotonic() - begun < aws.CALL_SECONDS + 0.3
    cloud.hang = 0


async def test_counts_are_the_sums_that_the_balancer_reported(cloud: Any) -> None:
    metrics = CloudWatch(aws.Calls("cloudwatch"), load_balancer_of(cloud.listener))
    since = datetime.now(UTC)
    before = (await metrics.counts([cloud.empty], since))[cloud.empty]
    assert before.requests == 0
    cloud.metric(cloud.empty, RequestCount=40, HTTPCode_Target_5XX_Count=3, TargetResponseTime=0.25)
    cloud.metric(cloud.empty, TargetConnectionErrorCount=2)
    counted = (await metrics.counts([cloud.new, cloud.empty], since))[cloud.empty]
    assert (counted.requests, counted.errors) == (42, 5)
    assert counted.seconds == pytest.approx(10)


async def test_alarms_ring_by_name_and_a_missing_one_cannot_be_watched(cloud: Any) -> None:
    metrics = CloudWatch(aws.Calls("cloudwatch"), load_balancer_of(cloud.listener))
    api = cloud.client("cloudwatch")
    for name in ("latency", "errors"):
        api.put_metric_alarm(
            AlarmName=name,
            Namespace="shop",
            MetricName=name,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    api.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    assert await metrics.ringing([]) == ()
    assert await metrics.ringing(["latency", "errors"]) == ("errors",)
    with pytest.raises(CannotMeasure, match="no alarm named gone"):
        await metrics.ringing(["latency", "gone"])
    many = [f"alarm-{number}" for number in range(120)]
    for name in many:
        api.put_metric_alarm(
            AlarmName=name,
            MetricName="m",
            Namespace="n",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
    api.set_alarm_state(AlarmName=many[-1], StateValue="ALARM", StateReason="a test")
    assert await metrics.ringing([*many, many[0]]) == (many[-1],)


async def test_one_of_many_who_take_the_same_number_gets_it(cloud: Any) -> None:
    stores = [BucketLeaseStore(aws.Calls("s3"), BUCKET) for _ in range(6)]
    won = await asyncio.gather(*(store.create(1, {"holder": n}) for n, store in enumerate(stores)))
    assert sorted(won) == [False] * 5 + [True]
    first = await stores[0].highest()
    await stores[0].write(1, {"holder": "other", "beats": 2})
    second = await stores[0].highest()
    assert first
    assert second
    assert (first.number, second.number) == (1, 1)
    assert first.mark != second.mark
    await stores[0].create(2, {})
    await stores[0].drop_below(2)
    assert await stores[0].read(1) == {}


async def test_a_group_of_schedules_holds_what_was_applied_while_the_api_throttles(cloud: Any) -> None:
    cloud.client("scheduler").create_schedule_group(Name="dev-schedules")
    scheduler = Scheduler(aws.Calls("scheduler"), "dev-schedules", patience=10)
    role = "arn:aws:iam::123456789012:role/scheduler"
    tick, nightly = (
        Entry(name, expression, zone, "arn:aws:sqs:eu-west-1:123456789012:jobs", role, '{"do": "it"}')
        for name, expression, zone in (
            ("tick", "rate(1 minute)", "UTC"),
            ("nightly", "cron(0 3 * * ? *)", "Europe/Berlin"),
        )
    )
    many = [replace(tick, name=f"many-{n}") for n in range(4)]
    cloud.throttle["scheduler"] = 0.2
    assert (await scheduler.apply([tick, *many])).added == (*(one.name for one in many), "tick")
    assert await scheduler.read() == (*many, tick)
    later = replace(tick, expression="rate(2 minutes)")
    assert await scheduler.apply([later, nightly]) == Applied(
        ("nightly",), ("tick",), tuple(one.name for one in many)
    )
    cloud.throttle.clear()
    assert await scheduler.read() == (nightly, later)
    assert await scheduler.apply([later, nightly]) == Applied()
    cloud.throttle["scheduler"] = 1.0
    with pytest.raises(SchedulerError, match="ThrottlingException"):
        await Scheduler(aws.Calls("scheduler"), "dev-schedules", patience=0.3).read()
