"""Alarms: the decision against AWS's own tables, and the whole way from a figure to a message."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from localcloud.controlplane.cloudwatch.alarms import Missing, Rule, State, evaluate, reason, settled
from tests.local.controlplane.conftest import World

RULE = Rule("GreaterThanThreshold", 0.5, periods=3, needed=3)
O, A, I, KEPT = "OK", "ALARM", "INSUFFICIENT_DATA", "kept"  # noqa: E741
TREATMENTS: tuple[Missing, ...] = ("missing", "ignore", "breaching", "notBreaching")
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def values(drawn: str) -> list[float | None]:
    """As AWS's documentation draws them: `0` is good, `X` breaches, `-` is missing."""
    return [{"0": 0.0, "X": 1.0, "-": None}[one] for one in drawn.split()]


@pytest.mark.parametrize("current", get_args(State))
@pytest.mark.parametrize(
    ("needed", "drawn", "expected"),
    [
        (3, "0 - X - X", (O, O, O, O)),
        (3, "- - - - 0", (O, O, O, O)),
        (3, "- - - - -", (I, KEPT, A, O)),
        (3, "0 X X - X", (A, A, A, A)),
        (3, "- - X - -", (A, KEPT, A, O)),
        (2, "0 - X - X", (A, A, A, A)),
        (2, "0 0 X 0 X", (A, A, A, A)),
        (2, "0 - X - -", (O, O, A, O)),
        (2, "- - - - 0", (O, O, A, O)),
        (2, "- - - X -", (A, KEPT, A, O)),
    ],
)
def test_the_state_is_the_one_of_awss_tables_for_missing_data(
    needed: int, drawn: str, expected: tuple[str, ...], current: State
) -> None:
    for treatment, state in zip(TREATMENTS, expected, strict=True):
        rule = Rule("GreaterThanThreshold", 0.5, 3, needed, treatment)
        wanted = current if state is KEPT else state
        assert evaluate(rule, values(drawn), current) == wanted, treatment


def test_whatever_the_values_are_a_full_range_goes_by_the_newest_of_them() -> None:
    for seen in itertools.product((0.0, 1.0), repeat=5):
        for needed, treatment, current in itertools.product((1, 2, 3), TREATMENTS, get_args(State)):
            rule = Rule("GreaterThanThreshold", 0.5, 3, needed, treatment)
            assert evaluate(rule, seen, current) == (A if sum(seen[-3:]) >= needed else O)


def test_no_missing_minute_makes_a_quiet_alarm_ring_and_no_order_of_them_keeps_one_ringing() -> None:
    for seen in itertools.product((0.0, None), repeat=5):
        for current in get_args(State):
            rule = Rule("GreaterThanThreshold", 0.5, 3, 1, "notBreaching")
            assert evaluate(rule, seen, current) == O


@pytest.mark.parametrize(
    ("comparison", "below", "at", "above"),
    [
        ("GreaterThanThreshold", O, O, A),
        ("GreaterThanOrEqualToThreshold", O, A, A),
        ("LessThanThreshold", A, O, O),
        ("LessThanOrEqualToThreshold", A, A, O),
    ],
)
def test_the_threshold_itself_is_on_the_side_that_its_operator_says(
    comparison: str, below: str, at: str, above: str
) -> None:
    rule = Rule(comparison, 10.0, 1, 1)
    assert [evaluate(rule, [value], "OK") for value in (9.9, 10.0, 10.1)] == [below, at, above]


def test_a_minute_that_is_not_over_counts_only_when_nothing_can_make_it_good_again() -> None:
    above, below = Rule("GreaterThanThreshold", 10, 1, 1), Rule("LessThanThreshold", 10, 1, 1)
    assert [settled(above, stat, 11) for stat in ("Sum", "Maximum", "Average", "Minimum", "p99", "")] == [
        True,
        True,
        *[False] * 4,
    ]
    assert [settled(below, stat, 9) for stat in ("Minimum", "Sum", "Average")] == [True, False, False]
    assert not settled(above, "Sum", 10)
    assert not settled(above, "Sum", None)


def test_a_reason_says_the_values_and_the_limit() -> None:
    assert reason(RULE, values("0 X X X"), "ALARM") == (
        "Threshold Crossed: 3 out of the last 3 datapoints [1, 1, 1] were greater than the threshold (0.5) "
        "(minimum 3 datapoints for OK -> ALARM transition)."
    )
    assert reason(RULE, values("- - - -"), "INSUFFICIENT_DATA").startswith("Insufficient Data: 3 datapoints")
    quiet = Rule("GreaterThanThreshold", 0.5, 1, 1, "notBreaching")
    assert "1 missing datapoint was treated as [NonBreaching]" in reason(quiet, values("- - -"), "OK")


# --- on the control plane ---


class Watch:
    """The control plane with a clock of its own, and a topic that an alarm tells."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = NOON
        world.plane.cloudwatch.wall = lambda: self.now
        self.api = world.client("cloudwatch")
        self.topic: str = world.client("sns").create_topic(Name="alarms")["TopicArn"]
        self._topic = world.plane.backend("sns").get_topic(self.topic)
        self._topic.sent_notifications.clear()

    def alarm(self, **words: Any) -> None:
        told = {
            "AlarmName": "errors",
            "Namespace": "mine",
            "MetricName": "errors",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 10.0,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [self.topic],
            "OKActions": [self.topic],
            **words,
        }
        self.api.put_metric_alarm(**{name: value for name, value in told.items() if value is not None})

    def put(self, value: float, name: str = "errors") -> None:
        self.api.put_metric_data(
            Namespace="mine", MetricData=[{"MetricName": name, "Value": value, "Timestamp": self.now}]
        )

    def state(self) -> str:
        (alarm,) = self.api.describe_alarms(AlarmNames=["errors"])["MetricAlarms"]
        self.reason: str = alarm["StateReason"]
        return str(alarm["StateValue"])

    def after(self, seconds: float) -> str:
        self.now += timedelta(seconds=seconds)
        self.world.plane.look()
        return self.state()

    def told(self) -> list[tuple[str, str]]:
        messages = [json.loads(sent[1]) for sent in self._topic.sent_notifications]
        return [(one["OldStateValue"], one["NewStateValue"]) for one in messages]


@pytest.fixture
def watch(world: World) -> Watch:
    return Watch(world)


def test_an_alarm_rings_as_soon_as_it_is_sure_and_tells_its_topic_once_each_way(watch: Watch) -> None:
    watch.alarm()
    assert watch.state() == I
    assert watch.after(5) == O
    watch.put(9)
    assert watch.after(5) == O
    watch.put(3)
    assert watch.after(5) == A
    assert "[12] was greater than or equal to the threshold (10)" in watch.reason
    assert watch.after(50) == A
    watch.put(0)
    assert watch.after(60) == O
    assert watch.told() == [(I, O), (O, A), (A, O)]


def test_an_average_rings_when_its_minute_is_over_and_not_before(watch: Watch) -> None:
    watch.alarm(Statistic="Average")
    watch.put(100)
    assert watch.after(30) == O
    assert watch.after(31) == A


def test_a_percentile_and_a_calculation_ring_too(watch: Watch) -> None:
    def stat(name: str) -> dict[str, Any]:
        metric = {"Namespace": "mine", "MetricName": name}
        return {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"},
        }

    watch.alarm(Statistic=None, ExtendedStatistic="p90")
    for value in (1, 1, 1, 1, 1, 1, 1, 1, 20, 20):
        watch.put(value)
    assert watch.after(61) == A
    whole = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    share = {"Id": "share", "Expression": "errors / all", "ReturnData": True}
    watch.alarm(**whole, Threshold=0.5, Metrics=[stat("errors"), stat("all"), share])
    assert watch.state() == A
    watch.put(5)
    watch.put(50, "all")
    assert watch.after(60) == O
    watch.put(5)
    watch.put(6, "all")
    assert watch.after(60) == A


def test_a_state_that_was_set_by_hand_stays_for_a_minute_and_acts(watch: Watch) -> None:
    watch.alarm()
    assert watch.after(5) == O
    watch.api.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    assert watch.after(55) == A
    assert watch.reason == "a test"
    assert watch.after(5) == O
    assert watch.told() == [(I, O), (O, A), (A, O)]


def test_an_alarm_without_data_does_not_know_and_one_that_is_switched_off_tells_nobody(watch: Watch) -> None:
    watch.alarm(TreatMissingData="missing", ActionsEnabled=False)
    assert watch.after(300) == I
    watch.put(10)
    assert watch.after(5) == A
    assert watch.after(600) == I
    assert watch.told() == []


def test_a_changed_alarm_keeps_its_state_and_one_that_cannot_be_looked_at_says_why(watch: Watch) -> None:
    watch.alarm()
    watch.put(11)
    assert watch.after(1) == A
    watch.alarm(Threshold=5.0)
    assert watch.state() == A
    watch.alarm(Statistic=None, ExtendedStatistic="p99")
    watch.alarm(ComparisonOperator="LessThanLowerThreshold", ThresholdMetricId="band")
    assert watch.after(5) == I
    assert "LessThanLowerThreshold" in watch.reason
    assert sum("not looked at" in line for line in watch.world.log) == 1


def test_a_topic_that_is_gone_does_not_keep_an_alarm_from_ringing(watch: Watch) -> None:
    watch.alarm(AlarmActions=[watch.topic + "-gone", "arn:aws:lambda:eu-west-1:123456789012:function:one"])
    watch.put(10)
    assert watch.after(5) == A
    assert sum(line.startswith("alarm errors: ") for line in watch.world.log) == 2
