"""Settings of when nothing is released: every week, or once."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from infra.part import Part, refuse

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d)?")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise refuse("no time zone of that name") from None
    return name


class Freeze(Part):
    """From `begin` (the key `from`) until `end` (`to`) by the clocks of `timezone`.

    With `days` both are times of those days, `24:00` the end of one; an end that is not after its begin is the next
    day's. Without, both are dates with or without a time; a date alone is that whole day.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    days: Annotated[tuple[Day, ...], Field(description="the days of the week; none: dates, once")] = ()
    begin: Annotated[
        str, Field(alias="from", description='when it begins, in quotes: "16:00", or "2026-12-20"')
    ]
    end: Annotated[str, Field(alias="to", description='when it ends, in quotes: "24:00", or "2027-01-02"')]
    timezone: Annotated[
        str, AfterValidator(_known_zone), Field(description="whose clocks these are, as Europe/Berlin")
    ] = "UTC"
    reason: Annotated[
        str, Field(max_length=200, description="why, for whoever is refused; 200 characters at most")
    ] = ""

    @model_validator(mode="after")
    def _times(self) -> Self:
        for time in (self.begin, self.end):
            if self.days and not _CLOCK.fullmatch(time):
                raise refuse(f"{time} is no time of a day, as 16:00 is")
            if not self.days and not _is_date(time):
                raise refuse(f"{time} is no date, as 2026-12-20 or 2026-12-20T18:00 is; or days are missing")
        if self.days and (self.begin in (self.end, "24:00")):
            raise refuse(f"from {self.begin} to {self.end} is no time; a whole day is 00:00 to 24:00")
        if not self.days and (self.begin > self.end or (self.begin == self.end and "T" in self.end)):
            raise refuse(f"{self.end} is not after {self.begin}")
        return self


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
