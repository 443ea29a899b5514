"""What is watched, whom an alarm tells, and what the dashboard shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.program.recording import Recorded, Recording, World, run

BALANCER = {"LoadBalancer": "app/name/1"}
DATABASE = {"DBInstanceIdentifier": "database-1234567"}


def alarms(recording: Recording) -> dict[str, Any]:
    return {alarm.name: alarm.inputs for alarm in recording.of("MetricAlarm")}


def test_each_alarm_looks_at_the_metric_that_aws_puts(environment: Recording) -> None:
    looked_at = {
        name: (a["namespace"], a["metricName"], a.get("statistic") or a["extendedStatistic"], a["dimensions"])
        for name, a in alarms(environment).items()
    }
    assert looked_at == {
        "balancer-5xx": ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", BALANCER),
        "targets-5xx": ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", BALANCER),
        "latency-p99": ("AWS/ApplicationELB", "TargetResponseTime", "p99", BALANCER),
        "database-cpu": ("AWS/RDS", "CPUUtilization", "Average", DATABASE),
        "database-connections": ("AWS/RDS", "DatabaseConnections", "Maximum", DATABASE),
        "database-storage": ("AWS/RDS", "FreeStorageSpace", "Minimum", DATABASE),
        "queue-jobs-age": (
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            "Maximum",
            {"QueueName": "queue-jobs"},
        ),
        "dead-jobs-depth": (
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            "Maximum",
            {"QueueName": "dead-jobs"},
        ),
    }


def test_an_alarm_has_one_statistic_and_is_quiet_where_nothing_is_measured(environment: Recording) -> None:
    for name, alarm in alarms(environment).items():
        assert ("statistic" in alarm) != ("extendedStatistic" in alarm), name
        assert alarm["treatMissingData"] == "notBreaching"
        assert alarm["period"] == 60


def test_limits_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "uneventful:alarms": {"latency": 0.5, "errors": 7, "cpu": 55, "connections": 33, "free_storage": 3},
        "uneventful:queues": {"jobs": {"oldest": 61}},
    }
    found = alarms(run(World("dev", told), monkeypatch))
    assert {
        n: (a["comparisonOperator"].removesuffix("Threshold"), a["threshold"]) for n, a in found.items()
    } == {
        "balancer-5xx": ("GreaterThanOrEqualTo", 7),
        "targets-5xx": ("GreaterThanOrEqualTo", 7),
        "latency-p99": ("GreaterThan", 0.5),
        "database-cpu": ("GreaterThanOrEqualTo", 55),
        "database-connections": ("GreaterThanOrEqualTo", 33),
        "database-storage": ("LessThan", 3 * 2**30),
        "queue-jobs-age": ("GreaterThan", 61),
        "dead-jobs-depth": ("GreaterThanOrEqualTo", 1),
    }


def test_every_alarm_tells_every_recipient_when_it_begins_and_when_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = ["a@example.com", "b@example.com"]
    recording = run(World("dev", {"uneventful:alarms": {"recipients": people}}), monkeypatch)
    topic = "arn:aws:made:::alarms"
    mails = [s.inputs for s in recording.of("TopicSubscription")]
    assert {(m["protocol"], m["endpoint"], m["topic"]) for m in mails} == {
        ("email", one, topic) for one in people
    }
    for alarm in alarms(recording).values():
        assert alarm["alarmActions"] == alarm["okActions"] == [topic]


def test_the_dashboard_shows_every_alarm_and_every_store(environment: Recording, stack: str) -> None:
    board = environment.one("Dashboard").inputs
    widgets = json.loads(board["dashboardBody"])["widgets"]
    (shown,) = [w["properties"]["alarms"] for w in widgets if w["type"] == "alarm"]
    assert set(shown) == {f"arn:aws:made:::{name}" for name in alarms(environment)}
    assert widgets[0]["properties"]["markdown"] == f"# {stack}"
    graphs = {w["properties"]["title"]: w["properties"] for w in widgets if w["type"] == "metric"}
    assert len(graphs) == 12
    named = {metric[0] for graph in graphs.values() for metric in graph["metrics"]}
    assert named == {"AWS/ApplicationELB", "AWS/RDS", "AWS/SQS", "AWS/ElastiCache"}
    limit = alarms(environment)["latency-p99"]["threshold"]
    assert graphs["Time to answer (s)"]["annotations"]["horizontal"][0]["value"] == limit


def test_no_part_of_the_dashboard_lies_upon_another(recorded: Recorded) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in json.loads(recorded["dev"].one("Dashboard").inputs["dashboardBody"])["widgets"]:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert all(x < 24 for x, _ in cells)
        taken |= cells


def test_the_cache_is_watched_server_by_server(recorded: Recorded) -> None:
    body = recorded["staging"].one("Dashboard").inputs["dashboardBody"]
    assert '"cache-1234567-001"' in body
    assert '"cache-1234567-002"' in body
    assert '"cache-1234567-003"' not in body


def test_what_the_operations_host_says_is_kept_as_long_as_the_settings_say(recorded: Recorded) -> None:
    kept = {stack: found.one("LogGroup").inputs["retentionInDays"] for stack, found in recorded.items()}
    assert kept == {"dev": 7, "staging": 30, "production": 90}
