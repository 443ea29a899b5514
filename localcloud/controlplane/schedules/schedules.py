"""Schedules that fire: each sends one message to its queue for each time that it is due.

A flexible window is not used: it begins when the schedule is due. What was due while the cloud was down is not sent.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.sqs.exceptions import SQSException

from localcloud.controlplane.hooks import Hook
from localcloud.controlplane.schedules.expression import expression

CREATE = (
    "description end_date flexible_time_window group_name kms_key_arn name schedule_expression "
    "schedule_expression_timezone start_date state target"
)
LONGEST_GAP = timedelta(minutes=10)
"""A computer that has slept is not asked for all that was due meanwhile."""


class Schedules:
    """`backend` gives moto's backend of a service by its name, `wall` the time, with its zone."""

    def __init__(
        self,
        backend: Callable[[str], Any],
        on_log: Callable[[str], None],
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._backend = backend
        self._log = on_log
        self._wall = wall
        self._until = wall()
        self._trouble: set[str] = set()

    def hooks(self) -> tuple[Hook, ...]:
        owner, parameters = EventBridgeSchedulerBackend, tuple(CREATE.split())
        return (
            Hook(owner, "create_schedule", (*parameters, "action_after_completion"), _understood),
            Hook(owner, "update_schedule", parameters, _understood),
        )

    def step(self) -> None:
        """Send what has become due since the last step. To be called every few seconds."""
        now = self._wall()
        after, self._until = max(self._until, now - LONGEST_GAP), max(self._until, now)
        groups = self._backend("scheduler").schedule_groups
        for group in list(groups.values()):
            for schedule in list(group.schedules.values()):
                if schedule.state != "DISABLED":
                    self._fire(group, schedule, after, now)

    def _fire(self, group: Any, schedule: Any, after: datetime, now: datetime) -> None:
        one = expression(schedule.schedule_expression, schedule.schedule_expression_timezone)
        created = _time(schedule.creation_date)
        start, end = (
            _time(schedule.start_date, created),
            _time(schedule.end_date, datetime.max.replace(tzinfo=UTC)),
        )
        for at in one.due(after, min(now, end), start):
            if at >= min(start, created):
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


def _understood(original: Callable[..., Any], backend: Any, **asked: Any) -> Any:
    """AWS refuses an expression that it cannot read; moto keeps it."""
    try:
        expression(asked["schedule_expression"], asked["schedule_expression_timezone"] or "UTC")
    except ValueError as wrong:
        raise ValidationException(
            f"Invalid Schedule Expression {asked['schedule_expression']}: {wrong}."
        ) from None
    return original(backend, **asked)


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
