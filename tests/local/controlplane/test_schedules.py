"""Schedules: when they are due, and one message for each of those times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.controlplane.hooks import Hooks
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
        ("cron(0 9 6W * ? *)", 24 * 60, ["01-07 09:00", "02-06 09:00"]),
        ("cron(0 9 1W 6 ? *)", 24 * 160, ["06-03 09:00"]),
        ("cron(0 9 31W 3,4 ? *)", 24 * 120, ["03-29 09:00"]),
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
        ("cron(0 12 32W * ? *)", "UTC", "32"),
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
        self.faster = 1.0
        self.hooks = Hooks()
        self.restart()
        self.sqs = world.client("sqs")
        self.url: str = self.sqs.create_queue(QueueName="jobs")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn: str = attributes["Attributes"]["QueueArn"]
        self.api = world.client("scheduler")

    def restart(self) -> None:
        """Another process takes over what moto and the schedules hold."""
        kept = self.schedules.keep() if hasattr(self, "schedules") else None
        self.hooks.remove()
        self.schedules = Schedules(
            self.world.plane.backend, self.world.log.append, lambda: self.now, lambda: self.faster
        )
        self.hooks.install(*self.schedules.hooks())
        if kept:
            self.schedules.go_on(kept)

    def schedule(self, text: str, target: str = "", name: str = "nightly", **words: Any) -> None:
        aimed = {"Arn": target or self.arn, "RoleArn": "arn:aws:iam::123456789012:role/scheduler"}
        if "Input" in words:
            aimed["Input"] = words.pop("Input")
        put = self.api.update_schedule if words.pop("again", False) else self.api.create_schedule
        put(
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
def site(world: World) -> Iterator[Site]:
    # Its own schedules, with a clock, in place of those that the cloud has.
    world.plane.close()
    site = Site(world)
    yield site
    site.hooks.remove()


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


TICK = '{"at": "<aws.scheduler.scheduled-time>", "once": "<aws.scheduler.execution-id>", "by": "%s"}'


def test_a_schedule_that_is_changed_again_and_again_is_due_each_time_exactly_once(site: Site) -> None:
    start = site.now.replace(microsecond=0) + timedelta(seconds=1)
    site.schedule("rate(1 minute)", Input=TICK % 0, StartDate=start)
    found = []
    for n in range(1, 41):
        found += site.after(17, step=4)
        due = start + -((start - site.now) // timedelta(minutes=1)) * timedelta(minutes=1)
        site.schedule("rate(1 minute)", Input=TICK % n, StartDate=due, again=True, State="ENABLED")
    ticks = [json.loads(each) for each in found + site.after(5)]
    times = [datetime.fromisoformat(tick["at"]) for tick in ticks]
    assert times == [start + n * timedelta(minutes=1) for n in range(len(times))]
    assert len(times) >= 40 * 17 // 60
    assert len({tick["once"] for tick in ticks}) == len(ticks)


def test_what_was_due_before_a_change_is_sent_as_it_was_and_before_a_deletion_too(site: Site) -> None:
    site.schedule("rate(1 minute)", Input="one")
    site.after(5)
    site.now += timedelta(seconds=58)
    site.schedule("rate(1 minute)", Input="two", StartDate=site.now + timedelta(seconds=59), again=True)
    assert site.after(65) == ["one", "two"]
    site.now += timedelta(seconds=58)
    site.api.delete_schedule(Name="nightly")
    assert site.after(300) == ["two"]


def test_a_change_that_names_no_start_begins_the_rate_anew_as_the_api_has_it(site: Site) -> None:
    site.schedule("rate(1 hour)", Input="one")
    assert site.after(5) == ["one"]
    site.schedule("rate(1 hour)", Input="two", again=True)
    assert site.after(5) == ["two"]


def test_schedules_that_live_faster_are_due_on_their_own_marks_and_miss_and_repeat_none(site: Site) -> None:
    site.schedule("rate(1 minute)", Input=TICK % 1, StartDate=site.now + timedelta(seconds=1))
    first = site.after(30, step=0.2)
    site.faster = 60.0
    fast = site.after(100, step=0.23)
    site.now += timedelta(seconds=7)
    late = site.after(0.2, step=0.2)
    site.faster = 1.0
    slow = site.after(180, step=0.2)
    assert (len(first), len(slow)) == (1, 3)
    assert 99 <= len(fast) <= 101
    assert 7 <= len(late) <= 8
    times = [datetime.fromisoformat(json.loads(each)["at"]) for each in first + fast + late + slow]
    assert times == [times[0] + n * timedelta(minutes=1) for n in range(len(times))]


def test_a_cloud_that_was_killed_goes_on_where_it_was_and_a_long_sleep_is_not_made_up_for(site: Site) -> None:
    site.schedule("rate(1 minute)", Input=TICK % 1)
    found = site.after(150)
    site.now += timedelta(seconds=100)
    site.restart()
    found += site.after(120)
    times = [datetime.fromisoformat(json.loads(each)["at"]) for each in found]
    assert times == [times[0] + n * timedelta(minutes=1) for n in range(7)]
    site.now += timedelta(hours=8)
    site.restart()
    assert len(site.after(5)) <= 11


@pytest.mark.parametrize("again", [False, True])
def test_a_start_long_ago_and_a_group_that_is_not_there_are_refused(site: Site, again: bool) -> None:
    site.schedule("rate(1 minute)", name="kept")
    with pytest.raises(ClientError, match="cannot be earlier than 5 minutes ago"):
        site.schedule("rate(1 minute)", name="kept", StartDate=site.now - timedelta(minutes=6), again=again)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        site.schedule("rate(1 minute)", name="kept", GroupName="gone", again=again)
