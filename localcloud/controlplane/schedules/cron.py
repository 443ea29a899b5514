"""Cron expressions of EventBridge Scheduler ('Cron-based schedules' in AWS's documentation)."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
YEARS = (1970, 2199)
OnDay = Callable[[date], bool]


@dataclass(frozen=True)
class Cron:
    """`every_hour`: it asks for no hour, so that an hour that comes twice is meant twice."""

    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    on_day: OnDay
    every_hour: bool

    def fits(self, local: datetime) -> bool:
        """Whether it is due in this minute, in its own time zone. An hour that comes twice counts the first time."""
        return (
            local.minute in self.minutes
            and local.hour in self.hours
            and (self.every_hour or local.fold == 0)
            and local.month in self.months
            and local.year in self.years
            and self.on_day(local.date())
        )


def cron(fields: str) -> Cron:
    """Minutes, hours, day of the month, month, day of the week, year. Raises ValueError that says what is wrong."""
    words = fields.upper().split()
    if len(words) != 6:
        raise ValueError(f"a cron expression has 6 fields, not {len(words)}")
    minutes, hours, of_month, month, of_week, year = words
    if (of_month == "?") == (of_week == "?"):
        raise ValueError("exactly one of day of month and day of week is ?")
    return Cron(
        minutes=_numbers(minutes, 0, 59),
        hours=_numbers(hours, 0, 23),
        months=_numbers(month, 1, 12, MONTHS),
        years=_numbers(year, *YEARS),
        on_day=_of_month(of_month) if of_week == "?" else _of_week(of_week),
        every_hour=hours in ("*", "*/1", "0/1"),
    )


def _of_month(field: str) -> OnDay:
    if field == "L":
        return lambda day: day.day == calendar.monthrange(day.year, day.month)[1]
    if field.endswith("W"):
        (wanted,) = _numbers(field[:-1], 1, 31)
        return lambda day: day.day == _nearest_weekday(day.year, day.month, wanted)
    days = _numbers(field, 1, 31)
    return lambda day: day.day in days


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day of the month from Monday to Friday that is nearest, in the same month; 0 where it has no such day."""
    last = calendar.monthrange(year, month)[1]
    if day > last:
        return 0
    weekday = date(year, month, day).isoweekday()
    if weekday == 6:
        return day - 1 if day > 1 else 3
    if weekday == 7:
        return day + 1 if day < last else day - 2
    return day


def _of_week(field: str) -> OnDay:
    """Sunday is 1. `6L` is the last Friday of a month, `3#2` its second Tuesday."""
    wanted, nth, which = field.partition("#")
    if nth:
        (weekday,), place = _numbers(wanted, 1, 7, DAYS), int(which)
        return lambda day: _weekday(day) == weekday and (day.day - 1) // 7 + 1 == place
    if field.endswith("L") and field != "L":
        (weekday,) = _numbers(field[:-1], 1, 7, DAYS)
        return lambda day: (
            _weekday(day) == weekday and day.day + 7 > calendar.monthrange(day.year, day.month)[1]
        )
    days = frozenset({7}) if field == "L" else _numbers(field, 1, 7, DAYS)
    return lambda day: _weekday(day) in days


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _numbers(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    """`*`, numbers and names, ranges, lists and steps."""
    found: set[int] = set()
    for part in field.split(","):
        span, stepped, step = part.partition("/")
        first, ranged, last = span.partition("-")
        start = low if first == "*" else _number(first, names)
        end = _number(last, names) if ranged else high if first == "*" or stepped else start
        every = int(step) if stepped else 1
        if not low <= start <= end <= high or every < 1:
            raise ValueError(f"{part}: expected numbers from {low} to {high}")
        found.update(range(start, end + 1, every))
    return frozenset(found)


def _number(word: str, names: tuple[str, ...]) -> int:
    if word in names:
        return names.index(word) + 1
    if not word.isdigit():
        raise ValueError(f"{word} is not understood here")
    return int(word)
