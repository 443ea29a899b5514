"""The only door to EventBridge Scheduler's API: what a group of schedules holds, and making it hold something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from release.aws import Busy, Calls, Refused
from release.errors import SchedulerError

PATIENCE = 20.0
"""Seconds that a call is tried again: each of them may come true twice and changes nothing the second time."""

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
    """What `apply` had to do, by name."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Scheduler:
    """The schedules of one group.

    Every method raises SchedulerError when the API refuses, or stays silent for longer than `patience` (s).
    """

    def __init__(self, calls: Calls, group: str, patience: float = PATIENCE) -> None:
        self._calls = calls
        self._group = group
        self._patience = patience

    async def read(self) -> tuple[Entry, ...]:
        """What the group holds, by name; nothing where there is no such group."""
        with self._told():
            found = [await self._entry(name) for name in await self._names()]
        return tuple(sorted(filter(None, found), key=lambda entry: entry.name))

    async def apply(self, entries: Iterable[Entry]) -> Applied:
        """Let the group hold exactly these. Those that it holds already are not touched, a changed one is changed in
        one call, so that each time that it is due belongs to one of the two. May be repeated after any interruption.
        """
        wanted = {entry.name: entry for entry in entries}
        held = {entry.name: entry for entry in await self.read()}
        removed = tuple(name for name in held if name not in wanted)
        changed = tuple(name for name in held if name in wanted and held[name] != wanted[name])
        added = tuple(sorted(name for name in wanted if name not in held))
        with self._told():
            for name in removed:
                await self._delete(name)
            for name in changed:
                await self._put("update_schedule", "create_schedule", _GONE, wanted[name])
            for name in added:
                await self._put("create_schedule", "update_schedule", _THERE, wanted[name])
        return Applied(added, changed, removed)

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

    async def _entry(self, name: str) -> Entry | None:
        try:
            found = await self._call("get_schedule", GroupName=self._group, Name=name)
        except Refused as refused:
            if refused.code == _GONE:
                return None
            raise
        return Entry(
            name=name,
            expression=found["ScheduleExpression"],
            timezone=found.get("ScheduleExpressionTimezone") or "UTC",
            target_arn=found["Target"]["Arn"],
            role_arn=found["Target"]["RoleArn"],
            input=found["Target"].get("Input") or "",
            usual=found["State"] == "ENABLED"
            and found["FlexibleTimeWindow"]["Mode"] == "OFF"
            and not (found.get("StartDate") or found.get("EndDate")),
        )

    async def _put(self, action: str, otherwise: str, unless: str, entry: Entry) -> None:
        """A call whose answer was lost may have come true: then it is the other one that is needed."""
        try:
            await self._call(action, **self._asked(entry))
        except Refused as refused:
            if refused.code != unless:
                raise
            await self._call(otherwise, **self._asked(entry))

    async def _delete(self, name: str) -> None:
        try:
            await self._call("delete_schedule", GroupName=self._group, Name=name)
        except Refused as refused:
            if refused.code != _GONE:
                raise

    def _asked(self, entry: Entry) -> dict[str, Any]:
        return {
            "Name": entry.name,
            "GroupName": self._group,
            "ScheduleExpression": entry.expression,
            "ScheduleExpressionTimezone": entry.timezone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "Target": {"Arn": entry.target_arn, "RoleArn": entry.role_arn, "Input": entry.input},
        }

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
