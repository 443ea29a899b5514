"""Schedules that fire: each sends one message to its queue for each time that it is due.

What is due until a schedule is changed or deleted is sent before that, as it was; so each time belongs to one of the
two. A rate begins at its `StartDate`, and without one it "starts invoking the target immediately" (User Guide,
"Schedule types"); an update takes every optional field as it is asked for, "including empty values" (API Reference,
"UpdateSchedule"): one without a `StartDate` begins the rate anew.

A flexible window is not used: it begins when the schedule is due.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.sqs.exceptions import SQSException

from localcloud.controlplane.hooks import Hook
from localcloud.controlplane.schedules.expression import expression
from localcloud.controlplane.schedules.pace import Pace

CREATE = (
    "description end_date flexible_time_window group_name kms_key_arn name schedule_expression "
    "schedule_expression_timezone start_date state target"
)
LONGEST_GAP = timedelta(minutes=10)
"""A computer that has slept, or a cloud that was down, is not asked for all that was due meanwhile."""
EARLIEST_START = timedelta(minutes=5)
"""So long ago a `StartDate` may be."""


@dataclass(frozen=True)
class KeptSchedules:
    """What all was sent that was due by then, and how far ahead of the wall that was."""

    until: datetime
    ahead: timedelta


class Schedules:
    """`backend` gives moto's backend of a service by its name, `wall` the time, with its zone; `faster` says how many
    times as fast as the wall schedules live. Safe from any thread.
    """

    def __init__(
        self,
        backend: Callable[[str], Any],
        on_log: Callable[[str], None],
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        faster: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self._backend = backend
        self._log = on_log
        self._wall = wall
        self._faster = faster
        self._pace = Pace(wall, faster)
        self._until = wall()
        self._trouble: set[str] = set()
        self._lock = RLock()

    def hooks(self) -> tuple[Hook, ...]:
        owner, parameters = EventBridgeSchedulerBackend, tuple(CREATE.split())
        return (
            Hook(owner, "create_schedule", (*parameters, "action_after_completion"), self._put),
            Hook(owner, "update_schedule", parameters, self._put),
            Hook(owner, "delete_schedule", ("group_name", "name"), self._delete),
        )

    def step(self) -> None:
        """Send what has become due since the last step. To be called several times a second."""
        with self._lock:
            now = self._pace.now()
            after = max(self._until, now - LONGEST_GAP * self._faster())
            self._until = max(self._until, now)
            groups = self._backend("scheduler").schedule_groups
            for group in list(groups.values()):
                for schedule in list(group.schedules.values()):
                    if schedule.state != "DISABLED":
                        self._fire(group, schedule, after, now)

    def keep(self) -> KeptSchedules:
        with self._lock:
            return KeptSchedules(self._until, self._pace.ahead)

    def go_on(self, kept: KeptSchedules) -> None:
        with self._lock:
            self._until, self._pace.ahead = kept.until, kept.ahead

    def _put(self, original: Callable[..., Any], backend: Any, **asked: Any) -> Any:
        """AWS refuses what it cannot read; moto keeps it."""
        if (asked["group_name"] or "default") not in backend.schedule_groups:
            raise ScheduleGroupNotFound(asked["group_name"])
        try:
            expression(asked["schedule_expression"], asked["schedule_expression_timezone"] or "UTC")
        except ValueError as wrong:
            raise ValidationException(
                f"Invalid Schedule Expression {asked['schedule_expression']}: {wrong}."
            ) from None
        start = asked["start_date"]
        if start is not None and _time(start) < self._wall() - EARLIEST_START:
            raise ValidationException("The StartDate you specify cannot be earlier than 5 minutes ago.")
        with self._lock:
            self.step()
            schedule = original(backend, **asked)
            # Later than what has been sent: it is due at once.
            schedule.began = self._until + timedelta.resolution
            return schedule

    def _delete(self, original: Callable[..., Any], backend: Any, *args: Any, **asked: Any) -> Any:
        with self._lock:
            self.step()
            return original(backend, *args, **asked)

    def _fire(self, group: Any, schedule: Any, after: datetime, now: datetime) -> None:
        one = expression(schedule.schedule_expression, schedule.schedule_expression_timezone)
        # One that was made before the cloud knew of `began`, or not through its API, has none.
        began = getattr(schedule, "began", None) or _time(schedule.creation_date)
        start = _time(schedule.start_date, began)
        end = _time(schedule.end_date, datetime.max.replace(tzinfo=UTC))
        for at in one.due(after, min(now, end), start):
            if at >= start:
                self._send(schedule, at)
        over = one.at is not None and one.at <= now
        if over and schedule.action_after_completion == "DELETE":
            group.schedules.pop(schedule.name, None)

    def _send(self, schedule: Any, at: datetime) -> None:
        arn = schedule.target["Arn"]
        words = arn.split(":")
        if words[2] != "sqs":
            self._say(schedule, f"the local cloud sends nothing to {arn}")
            return
        try:
            self._backend("sqs").send_message(
                words[5],
                _body(schedule, at),
                group_id=schedule.target.get("SqsParameters", {}).get("MessageGroupId"),
            )
        except SQSException as refused:
            self._say(schedule, f"{arn} takes no message: {refused}")

    def _say(self, schedule: Any, why: str) -> None:
        """Once for each schedule."""
        if schedule.arn not in self._trouble:
            self._trouble.add(schedule.arn)
            self._log(f"schedule {schedule.group_name}/{schedule.name}: {why}")


def _time(held: Any, otherwise: datetime | None = None) -> datetime:
    """moto keeps times as they came: seconds since 1970."""
    if held is None and otherwise is not None:
        return otherwise
    return datetime.fromtimestamp(float(held), UTC)


def _body(schedule: Any, at: datetime) -> str:
    """The schedule's input with AWS's own words replaced ('Adding context attributes'), or what AWS sends without."""
    when, execution = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), str(uuid.uuid4())
    text = schedule.target.get("Input")
    if not text:
        account, region = schedule.arn.split(":")[4], schedule.arn.split(":")[3]
        told = {"version": "0", "id": execution, "detail-type": "Scheduled Event", "source": "aws.scheduler"}
        told |= {"account": account, "time": when, "region": region}
        return json.dumps({**told, "resources": [schedule.arn], "detail": "{}"})
    for name, value in _context(schedule, when, execution):
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return str(text)


def _context(schedule: Any, when: str, execution: str) -> Iterator[tuple[str, str]]:
    yield "schedule-arn", schedule.arn
    yield "scheduled-time", when
    yield "execution-id", execution
    yield "attempt-number", "1"
