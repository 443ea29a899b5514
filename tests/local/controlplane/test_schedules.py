"""Schedules: when they are due, and one message for each of those times."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.controlplane.schedules.expression import expression
from localcloud.controlplane.schedules.schedules import Schedules
from tests.local.controlplane.conftest import World

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
"""A Tuesday."""


def due(text: str, start: str, hours: float, zone: str = "UTC") -> list[str]:
    """When it is due in so many hours from `start`, which is not among them; as minutes in UTC."""
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    found = expression(text, zone).due(begin, begin + timedelta(hours=hours), begin)
    return [at.astimezone(UTC).strftime("%m-%d %H:%M") for at in found]


@pytest.mark.parametrize(
    ("text", "hours", "expected"),
    [
        ("cron(15 13 * * ? *)", 48, ["01-01 13:15", "01-02 13:15"]),
        ("cron(0/20 12 * * ? *)", 1, ["01-01 12:20", "01-01 12:40"]),
        ("cron(0 10,14-15 ? * TUE-THU 2030)", 23, ["01-01 14:00", "01-01 15:00", "01-02 10:00"]),
        ("cron(0 0 L * ? *)", 24 * 62, ["01-31 00:00", "02-28 00:00"]),
        ("cron(0 8 ? * 6L *)", 24 * 60, ["01-25 08:00", "02-22 08:00"]),
        ("cron(0 8 ? * 3#2 *)", 24 * 60, ["01-08 08:00", "02-12 08:00"]),
        ("cron(0 0 1 JAN ? 2031)", 24 * 20, []),
        ("rate(90 minutes)", 5, ["01-01 13:30", "01-01 15:00", "01-01 16:30"]),
        ("rate(1 day)", 49, ["01-02 12:00", "01-03 12:00"]),
        ("at(2030-01-01T12:30:00)", 2, ["01-01 12:30"]),
        ("at(2030-01-01T12:00:00)", 2, []),
    ],
)  # fmt: skip
def test_a_schedule_is_due_when_aws_says(text: str, hours: float, expected: list[str]) -> None:
    assert due(text, "2030-01-01T12:00", hours) == expected


def test_an_hour_that_does_not_exist_is_left_out_and_one_that_comes_twice_counts_once() -> None:
    # Dublin: forward at 01:00 UTC on 31 March 2030, back at 01:00 UTC on 27 October.
    at_half_past_one = "cron(30 1 * * ? *)"
    assert due(at_half_past_one, "2030-03-30T12:00", 48, "Europe/Dublin") == ["04-01 00:30"]
    assert due(at_half_past_one, "2030-10-26T12:00", 24, "Europe/Dublin") == ["10-27 00:30"]
    assert len(due("cron(0 * * * ? *)", "2030-10-26T23:30", 4, "Europe/Dublin")) == 4
    assert due("at(2030-07-01T09:00:00)", "2030-07-01T00:00", 12, "Europe/Dublin") == ["07-01 08:00"]


@pytest.mark.parametrize(
    ("text", "zone", "named"),
    [
        ("cron(0 12 * * ?)", "UTC", "6 fields"),
        ("cron(0 12 * * * *)", "UTC", "exactly one"),
        ("cron(60 12 * * ? *)", "UTC", "0 to 59"),
        ("cron(0 12 15W * ? *)", "UTC", "15W"),
        ("cron(0/0 12 * * ? *)", "UTC", "0/0"),
        ("rate(0 minutes)", "UTC", "minutes"),
        ("every day", "UTC", "cron"),
        ("at(tomorrow)", "UTC", "tomorrow"),
        ("rate(1 hour)", "Europe/Atlantis", "Atlantis"),
    ],
)
def test_an_expression_that_cannot_be_read_is_refused_with_what_is_wrong(
    text: str, zone: str, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        expression(text, zone)


class Site:
    """A queue, and schedules with a clock."""

    def __init__(self, world: World) -> None:
        self.world = world
        for service in ("sqs", "scheduler"):
            world.plane.backend(service).reset()
        self.now = datetime.now(UTC)
        self.schedules = Schedules(world.plane.backend, world.log.append, lambda: self.now)
        self.sqs = world.client("sqs")
        self.url: str = self.sqs.create_queue(QueueName="jobs")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn: str = attributes["Attributes"]["QueueArn"]
        self.api = world.client("scheduler")

    def schedule(self, text: str, target: str = "", name: str = "nightly", **words: Any) -> None:
        aimed = {"Arn": target or self.arn, "RoleArn": "arn:aws:iam::123456789012:role/scheduler"}
        if "Input" in words:
            aimed["Input"] = words.pop("Input")
        self.api.create_schedule(
            Name=name,
            ScheduleExpression=text,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=aimed,
            **words,
        )

    def after(self, seconds: float, step: float = 5) -> list[str]:
        """What the queue has got after so much time, in steps as the daemon makes them."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now += timedelta(seconds=step)
            self.schedules.step()
        queue = self.world.plane.backend("sqs").get_queue("jobs")
        found = [message.body for message in queue.messages]
        queue._messages.clear()
        return found


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def test_a_rate_sends_at_once_and_then_exactly_one_message_each_time(site: Site) -> None:
    site.schedule("rate(1 minute)", Input="go")
    assert site.after(5) == ["go"]
    assert site.after(50) == []
    assert site.after(60, step=0.7) == ["go"]
    assert site.after(600) == ["go"] * 10


def test_a_disabled_schedule_sends_nothing_and_a_deleted_one_stops(site: Site) -> None:
    site.schedule("rate(1 minute)", Input="go", State="DISABLED")
    assert site.after(300) == []
    site.api.delete_schedule(Name="nightly")
    site.schedule("rate(1 minute)", Input="go")
    assert len(site.after(180)) == 3
    site.api.delete_schedule(Name="nightly")
    assert site.after(300) == []


def test_one_that_is_done_is_deleted_where_it_asks_for_that(site: Site) -> None:
    at = (site.now + timedelta(minutes=2)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    site.schedule(at, Input="once", ActionAfterCompletion="DELETE")
    assert site.after(60) == []
    assert site.after(120) == ["once"]
    assert site.api.list_schedules()["Schedules"] == []


def test_a_message_without_input_says_what_sent_it_and_one_with_says_when(site: Site) -> None:
    site.schedule("rate(1 hour)")
    site.schedule("rate(1 hour)", name="second", Input='{"due": "<aws.scheduler.scheduled-time>"}')
    body, second = (json.loads(one) for one in site.after(5))
    assert (body["detail-type"], body["source"]) == ("Scheduled Event", "aws.scheduler")
    assert body["resources"][0].endswith("schedule/default/nightly")
    assert datetime.fromisoformat(second["due"]) <= site.now


def test_a_start_and_an_end_are_kept_to(site: Site) -> None:
    window = {"StartDate": site.now + timedelta(minutes=5), "EndDate": site.now + timedelta(minutes=8)}
    site.schedule("rate(1 minute)", Input="go", **window)
    assert site.after(290) == []
    assert len(site.after(600)) == 4


def test_a_computer_that_slept_is_not_asked_for_all_that_was_due(site: Site) -> None:
    site.schedule("rate(1 minute)", Input="go")
    site.after(5)
    assert len(site.after(8 * 3600, step=8 * 3600)) <= 11


def test_what_cannot_be_sent_is_said_once(site: Site) -> None:
    site.schedule("rate(1 minute)", target=site.arn + "-gone")
    site.after(300)
    assert sum("schedule default/nightly" in line for line in site.world.log) == 1


def test_the_api_refuses_an_expression_that_would_never_fire(site: Site) -> None:
    with pytest.raises(ClientError, match="Invalid Schedule Expression cron"):
        site.schedule("cron(0 12 * * * *)")
