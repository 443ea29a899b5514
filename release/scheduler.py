"""The only door to EventBridge Scheduler's API: what a group of schedules holds, and making it hold something else.

A rate without a `StartDate` "starts invoking the target immediately" (User Guide, "Schedule types"), and an update
forgets what it does not say (API Reference, "UpdateSchedule"). So rates are always given one here: when they are made,
that moment; when they are changed, the next time that they would have been due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from release.aws import Busy, Calls, Refused
from release.cadence import interval
from release.errors import SchedulerError

PATIENCE = 20.0
"""Seconds that a call is tried again: each of them may come true twice and changes nothing the second time."""

CLOSE = timedelta(seconds=3)
"""A rate is not changed so shortly before it is due, nor before it has had a moment for that."""

_GONE, _THERE = "ResourceNotFoundException", "ConflictException"


@dataclass(frozen=True)
class Entry:
    """One schedule as EventBridge Scheduler has it: `expression` is `cron(…)` or `rate(…)`, in `timezone`; `input` is
    what is sent to `target_arn`, by `role_arn`'s leave. `usual` is False for one that someone has disabled, or given a
    window, a beginning or an end.
    """

    name: str
    expression: str
    timezone: str
    target_arn: str
    role_arn: str
    input: str
    usual: bool = True

    def dump(self) -> dict[str, str]:
        """For outputs and inputs of resources."""
        return {
            "name": self.name,
            "expression": self.expression,
            "timezone": self.timezone,
            "targetArn": self.target_arn,
            "roleArn": self.role_arn,
            "input": self.input,
        }

    @classmethod
    def load(cls, dumped: Mapping[str, str]) -> Entry:
        """What `dump` gave."""
        return cls(
            name=dumped["name"],
            expression=dumped["expression"],
            timezone=dumped["timezone"],
            target_arn=dumped["targetArn"],
            role_arn=dumped["roleArn"],
            input=dumped["input"],
        )


@dataclass(frozen=True)
class Applied:
    """What `apply` had to do, by name; in words it is empty where that was nothing."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __str__(self) -> str:
        kinds = (("added", self.added), ("changed", self.changed), ("removed", self.removed))
        return "; ".join(f"{kind} {', '.join(names)}" for kind, names in kinds if names)


@dataclass(frozen=True)
class _Held:
    """An entry, and a time at which it was, or will be, due."""

    entry: Entry
    began: datetime


class Scheduler:
    """The schedules of one group.

    Every method raises SchedulerError when the API refuses, or stays silent for longer than `patience` (s).
    """

    def __init__(
        self,
        calls: Calls,
        group: str,
        patience: float = PATIENCE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._calls = calls
        self._group = group
        self._patience = patience
        self._now = now
        self._sleep = sleep

    async def read(self) -> tuple[Entry, ...]:
        """What the group holds, by name; nothing where there is no such group."""
        return tuple(held.entry for held in await self._held())

    async def apply(self, entries: Iterable[Entry]) -> Applied:
        """Let the group hold exactly these. Those that it holds already are not touched, a changed one is changed in
        one call, so that each time that it is due belongs to one of the two. May be repeated after any interruption.
        """
        wanted = {entry.name: entry for entry in entries}
        held = {each.entry.name: each for each in await self._held()}
        removed = tuple(name for name in held if name not in wanted)
        changed = tuple(name for name in held if name in wanted and held[name].entry != wanted[name])
        added = tuple(sorted(name for name in wanted if name not in held))
        with self._told():
            for name in removed:
                await self._delete(name)
            for name in changed:
                start = await self._next(wanted[name], held[name].began)
                await self._put("update_schedule", "create_schedule", _GONE, wanted[name], start)
            for name in added:
                start = self._now() + timedelta(seconds=1)
                await self._put("create_schedule", "update_schedule", _THERE, wanted[name], start)
        return Applied(added, changed, removed)

    async def _next(self, entry: Entry, began: datetime) -> datetime:
        """When an entry with this rate is due next, as one that `began` then; waits while that is too close."""
        every = interval(entry.expression)
        if every is None:
            return self._now()
        while True:
            now = self._now()
            due = began + -((began - now) // every) * every
            if due - now > CLOSE:
                return due
            await self._sleep((due - now + CLOSE).total_seconds())

    async def _held(self) -> tuple[_Held, ...]:
        with self._told():
            found = [await self._one(name) for name in await self._names()]
        return tuple(sorted(filter(None, found), key=lambda held: held.entry.name))

    async def _names(self) -> list[str]:
        names: list[str] = []
        marker: dict[str, str] = {}
        while True:
            try:
                page = await self._call("list_schedules", GroupName=self._group, **marker)
            except Refused as refused:
                if refused.code == _GONE:
                    return []
                raise
            names += [each["Name"] for each in page["Schedules"]]
            if not page.get("NextToken"):
                return names
            marker = {"NextToken": page["NextToken"]}

    async def _one(self, name: str) -> _Held | None:
        try:
            found = await self._call("get_schedule", GroupName=self._group, Name=name)
        except Refused as refused:
            if refused.code == _GONE:
                return None
            raise
        began = found.get("StartDate") or found["CreationDate"]
        every = interval(found["ScheduleExpression"])
        entry = Entry(
            name=name,
            expression=found["ScheduleExpression"],
            timezone=found.get("ScheduleExpressionTimezone") or "UTC",
            target_arn=found["Target"]["Arn"],
            role_arn=found["Target"]["RoleArn"],
            input=found["Target"].get("Input") or "",
            usual=found["State"] == "ENABLED"
            and found["FlexibleTimeWindow"]["Mode"] == "OFF"
            and not found.get("EndDate")
            and (began <= self._now() + every + CLOSE if every else not found.get("StartDate")),
        )
        return _Held(entry, began)

    async def _put(self, action: str, otherwise: str, unless: str, entry: Entry, start: datetime) -> None:
        """A call whose answer was lost may have come true: then it is the other one that is needed."""
        asked = {
            "Name": entry.name,
            "GroupName": self._group,
            "ScheduleExpression": entry.expression,
            "ScheduleExpressionTimezone": entry.timezone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "Target": {"Arn": entry.target_arn, "RoleArn": entry.role_arn, "Input": entry.input},
            **({"StartDate": start} if interval(entry.expression) else {}),
        }
        try:
            await self._call(action, **asked)
        except Refused as refused:
            if refused.code != unless:
                raise
            await self._call(otherwise, **asked)

    async def _delete(self, name: str) -> None:
        try:
            await self._call("delete_schedule", GroupName=self._group, Name=name)
        except Refused as refused:
            if refused.code != _GONE:
                raise

    async def _call(self, action: str, **arguments: Any) -> Mapping[str, Any]:
        return await self._calls(action, self._patience, **arguments)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except Busy as busy:
            raise SchedulerError("EventBridge Scheduler's API did not answer", seen=str(busy)) from busy
        except Refused as refused:
            raise SchedulerError(
                f"EventBridge Scheduler refused, in the group {self._group}", seen=str(refused)
            ) from refused
