"""Whether EventBridge Scheduler will take a cadence, told before anything is released (its User Guide, "Schedule
types"). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

_RATE = re.compile(r"([1-9]\d{0,4}) (minute|hour|day)(s?)")


@dataclass(frozen=True)
class _Field:
    """Numbers from `low` to `high`, or the names of them in order; `others` is a pattern of what else it may say."""

    name: str
    low: int
    high: int
    names: Sequence[str] = ()
    others: str = ""

    def wrong(self, text: str) -> str:
        """What is wrong with a field's text; empty for nothing."""
        if self.others and re.fullmatch(self.others, text):
            return ""
        for part in text.split(","):
            span, stepped, step = part.partition("/")
            first, ranged, last = span.partition("-")
            start = self.low if first == "*" else self._number(first)
            end = self._number(last) if ranged else start
            sensible = (
                start is not None and end is not None and start <= end and not (first == "*" and ranged)
            )
            if not sensible or (stepped and (not step.isdecimal() or int(step) < 1)):
                return f"{part or 'nothing'} is no {self.name}, which is from {self.low} to {self.high}"
        return ""

    def _number(self, word: str) -> int | None:
        if word in self.names:
            return self.names.index(word) + self.low
        number = int(word) if word.isdecimal() else -1
        return number if self.low <= number <= self.high else None


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DAY = rf"([1-7]|{'|'.join(_DAYS)})"
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31, others=r"\?|L|([1-9]|[12]\d|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 1, 7, _DAYS, others=rf"\?|L|{_DAY}L|{_DAY}#[1-5]"),
    _Field("year", 1970, 2199),
)


def wrong_cron(text: str) -> str:
    """What is wrong with the fields of a cron expression, in words; empty for nothing."""
    words = text.upper().split()
    if len(words) != len(_FIELDS):
        names = ", ".join(field.name for field in _FIELDS)
        return f"{len(words)} fields instead of {len(_FIELDS)}: {names}"
    for field, word in zip(_FIELDS, words, strict=True):
        if reason := field.wrong(word):
            return reason
    if (words[2] == "?") == (words[4] == "?"):
        return "exactly one of day of the month and day of the week is ?"
    return ""


def wrong_rate(text: str) -> str:
    """What is wrong with a rate, in words; empty for nothing."""
    found = _RATE.fullmatch(text)
    if found is None or (found[1] == "1") == bool(found[3]):
        return "a rate is a number and minutes, hours or days, like 1 minute or 5 minutes"
    return ""


def interval(expression: str) -> timedelta | None:
    """How far apart the times of a `rate(…)` are; None for a `cron(…)`, which the clock tells."""
    found = _RATE.fullmatch(expression.removeprefix("rate(").removesuffix(")"))
    return int(found[1]) * timedelta(**{f"{found[2]}s": 1}) if found else None
