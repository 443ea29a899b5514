"""The group of schedules: exactly what is wanted, whatever was there and wherever it was interrupted."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from release.aws import Busy, Calls, Refused
from release.errors import SchedulerError
from release.scheduler import Applied, Entry, Scheduler

TICK = Entry("tick", "rate(1 minute)", "UTC", "arn:aws:sqs:eu-west-1:1:jobs", "arn:aws:iam::1:role/s", "{}")
NIGHTLY = replace(TICK, name="nightly", expression="cron(0 3 * * ? *)", timezone="Europe/Berlin")


class Api:
    """EventBridge Scheduler in a dictionary: pages of one, and it may answer nothing to the call of a number."""

    def __init__(self, silent_at: int = -1, done_though: bool = True) -> None:
        self.held: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        self._count = itertools.count()
        self._silent_at = silent_at
        self._done_though = done_though

    async def __call__(self, action: str, patience: float = 0.0, /, **words: Any) -> Mapping[str, Any]:
        assert patience > 0
        silent = next(self._count) == self._silent_at
        answer = self._answer(action, words) if not silent or self._done_though else {}
        if silent:
            raise Busy(action, 9, patience, "ThrottlingException")
        return answer

    def _answer(self, action: str, words: dict[str, Any]) -> Mapping[str, Any]:
        if words["GroupName"] != "dev":
            raise Refused(action, "ResourceNotFoundException", "no such group")
        if action == "list_schedules":
            place = int(words.get("NextToken", "0"))
            page = [{"Name": name} for name in list(self.held)[place : place + 1]]
            return {"Schedules": page, **({"NextToken": str(place + 1)} if page else {})}
        name = words["Name"]
        if action == "create_schedule" and name in self.held:
            raise Refused(action, "ConflictException", "it is there")
        if action != "create_schedule" and name not in self.held:
            raise Refused(action, "ResourceNotFoundException", "it is gone")
        if action == "get_schedule":
            return self.held[name]
        self.writes.append(f"{action.split('_')[0]} {name}")
        if action == "delete_schedule":
            return self.held.pop(name)
        made = self.held.get(name, {}).get("CreationDate", self.now)
        self.held[name] = {**words, "CreationDate": made}
        return {}

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def scheduler(api: Api, group: str = "dev") -> Scheduler:
    return Scheduler(cast("Calls", api), group, now=lambda: api.now, sleep=api.sleep)


async def test_the_group_holds_exactly_what_was_applied_and_what_was_right_is_not_touched() -> None:
    api = Api()
    assert await scheduler(api).apply([TICK, NIGHTLY]) == Applied(added=("nightly", "tick"))
    api.writes.clear()
    changed, new = replace(NIGHTLY, input="{'do': 2}"), replace(TICK, name="hourly")
    assert await scheduler(api).apply([TICK, changed, new]) == Applied(("hourly",), ("nightly",))
    assert api.writes == ["update nightly", "create hourly"]
    assert await scheduler(api).read() == (new, changed, TICK)
    assert await scheduler(api).apply([]) == Applied(removed=("hourly", "nightly", "tick"))
    assert await scheduler(api).read() == ()


@pytest.mark.parametrize(
    "words",
    [
        {"State": "DISABLED"},
        {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}},
        {"EndDate": datetime(2031, 1, 1, tzinfo=UTC)},
        {"StartDate": datetime(2031, 1, 1, tzinfo=UTC)},
        {"ScheduleExpressionTimezone": "Europe/Rome"},
    ],
)
async def test_what_someone_changed_by_hand_is_seen_and_put_right(words: dict[str, Any]) -> None:
    api = Api()
    await scheduler(api).apply([TICK])
    api.held["tick"] |= words
    assert await scheduler(api).read() != (TICK,)
    assert await scheduler(api).apply([TICK]) == Applied(changed=("tick",))
    assert await scheduler(api).read() == (TICK,)


@pytest.mark.parametrize("done_though", [True, False])
@pytest.mark.parametrize("silent_at", range(8))
async def test_an_api_that_falls_silent_at_any_call_is_told_and_the_next_try_ends_the_work(
    silent_at: int, done_though: bool
) -> None:
    api = Api()
    await scheduler(api).apply([TICK, NIGHTLY])
    later = Api(silent_at, done_though)
    later.held = api.held
    wanted = (replace(TICK, input="2"), replace(NIGHTLY, name="weekly"))
    with pytest.raises(SchedulerError, match="ThrottlingException"):
        await scheduler(later).apply(wanted)
    await scheduler(later).apply(wanted)
    assert await scheduler(later).read() == wanted


async def test_a_write_that_came_true_without_an_answer_is_not_an_error_when_it_is_tried_again() -> None:
    api = Api()
    await scheduler(api).apply([TICK])
    blind = scheduler(api)
    await blind._put("create_schedule", "update_schedule", "ConflictException", TICK, api.now)
    assert api.writes == ["create tick", "update tick"]
    api.held.clear()
    await blind._put("update_schedule", "create_schedule", "ResourceNotFoundException", TICK, api.now)
    await blind._delete("never there")
    assert await blind.read() == (TICK,)


@pytest.mark.parametrize("after", [5.0, 40.0, 59.5, 61.0, 62.0, 119.0, 86400.0 * 3 + 7])
@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_rate_that_is_changed_goes_on_when_it_would_have_been_due_next(
    after: float, forgotten: bool
) -> None:
    api = Api()
    await scheduler(api).apply([TICK, NIGHTLY])
    first = api.held["tick"]["StartDate"]
    assert timedelta(0) < first - api.now <= timedelta(seconds=1)
    if forgotten:
        api.held["tick"] |= {"StartDate": None, "CreationDate": first}
    api.now += timedelta(seconds=after)
    await scheduler(api).apply([replace(TICK, input="2"), replace(NIGHTLY, input="2")])
    start = api.held["tick"]["StartDate"]
    assert (start - first) % timedelta(minutes=1) == timedelta(0)
    assert timedelta(seconds=3) < start - api.now <= timedelta(minutes=1)
    assert api.now - datetime(2030, 1, 1, tzinfo=UTC) <= timedelta(seconds=after + 6)
    assert "StartDate" not in api.held["nightly"]


async def test_a_group_that_is_gone_holds_nothing_and_takes_nothing() -> None:
    assert await scheduler(Api(), "gone").read() == ()
    with pytest.raises(SchedulerError, match="in the group gone"):
        await scheduler(Api(), "gone").apply([TICK])


def test_an_entry_comes_back_from_what_it_was_dumped_as() -> None:
    assert Entry.load(NIGHTLY.dump()) == NIGHTLY
