"""`[[schedules]]` in an application's `release.toml`, checked as far as that can be done without asking anybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from infra.part import refuse
from release.cadence import wrong_cron, wrong_rate
from release.model import PROCESS_PATTERN, Schedule


class Scheduled(BaseModel):
    """`[[schedules]]`: what the application has done, and when; the release that is live has it done.

    Either `cron` (the six fields of EventBridge Scheduler) or `rate` ("5 minutes"), and either `queue` with `message`
    or `command`, which runs on the operations host as a shell reads it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=PROCESS_PATTERN), Field(description="its name, once")]
    cron: Annotated[
        str | None,
        Field(description="minute, hour, day of the month, month, day of the week, year: 0 3 * * ? *"),
    ] = None
    rate: Annotated[str | None, Field(description="how often, in place of cron: 5 minutes")] = None
    timezone: Annotated[str, Field(description="whose clocks cron reads, as Europe/Berlin")] = "UTC"
    queue: Annotated[
        str | None, Field(description="the queue that gets the message, one of uneventful:queues")
    ] = None
    message: Annotated[str | None, Field(description="what is put into the queue")] = None
    command: Annotated[
        str | None, Field(description="what runs on the operations host, in place of queue and message")
    ] = None

    @field_validator("cron")
    @classmethod
    def _cron_is_taken(cls, cron: str | None) -> str | None:
        return _unless(wrong_cron, cron)

    @field_validator("rate")
    @classmethod
    def _rate_is_taken(cls, rate: str | None) -> str | None:
        return _unless(wrong_rate, rate)

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, timezone: str) -> str:
        known = available_timezones()
        if known and timezone not in known:
            raise refuse("there is no such time zone")
        return timezone

    @model_validator(mode="after")
    def _one_of_each(self) -> Scheduled:
        if (self.cron is None) == (self.rate is None):
            raise refuse("it needs either cron or rate")
        sends = (self.queue or "", self.message or "")
        if not (all(sends) and self.command is None) and not (self.command and not any(sends)):
            raise refuse("it needs either queue and message, or command, and none of them empty")
        return self

    def schedule(self) -> Schedule:
        """As the manifest holds it."""
        return Schedule(
            name=self.name,
            expression=f"rate({self.rate})" if self.cron is None else f"cron({self.cron})",
            timezone=self.timezone,
            queue=self.queue or "",
            message=self.message or "",
            command=self.command or "",
        )


def _unless(wrong: Callable[[str], str], cadence: str | None) -> str | None:
    if cadence is not None and (reason := wrong(cadence)):
        raise refuse(reason)
    return cadence


def _no_name_twice(schedules: list[Scheduled]) -> list[Scheduled]:
    names = [schedule.name for schedule in schedules]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise refuse(f"the name {twice[0]} is there twice")
    return schedules


Timetable = Annotated[list[Scheduled], AfterValidator(_no_name_twice)]
