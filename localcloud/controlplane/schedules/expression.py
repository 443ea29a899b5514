"""When a schedule is due: cron(…), rate(…) and at(…), in a time zone ('Schedule types' in AWS's documentation)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from localcloud.controlplane.schedules.cron import Cron, cron

_FORM = re.compile(r"(cron|rate|at)\((.*)\)")
_RATE = re.compile(r"([1-9]\d*) (minute|hour|day)s?")
_AT = "%Y-%m-%dT%H:%M:%S"
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Expression:
    """One of the three. Times are with their time zone."""

    zone: ZoneInfo
    cron: Cron | None = None
    every: timedelta | None = None
    at: datetime | None = None

    def due(self, after: datetime, until: datetime, start: datetime) -> Iterator[datetime]:
        """When it is due later than `after` and not later than `until`. `start` is when a rate began, which is the
        first time that it is due."""
        if self.at is not None:
            if after < self.at <= until:
                yield self.at
        elif self.every is not None:
            place = max(0, (after - start) // self.every + 1)
            while (at := start + place * self.every) <= until:
                yield at
                place += 1
        elif self.cron is not None:
            at = after.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
            while at <= until:
                if self.cron.fits(at.astimezone(self.zone)):
                    yield at
                at += MINUTE


def expression(text: str, zone: str = "UTC") -> Expression:
    """Read a schedule's expression. Raises ValueError that says what is wrong."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError("expected cron(…), rate(…) or at(…)")
    try:
        place = ZoneInfo(zone)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"there is no time zone {zone}") from None
    kind, words = form[1], form[2].strip()
    if kind == "cron":
        return Expression(place, cron=cron(words))
    if kind == "at":
        return Expression(place, at=datetime.strptime(words, _AT).replace(tzinfo=place))
    rate = _RATE.fullmatch(words)
    if rate is None:
        raise ValueError("expected a number and minutes, hours or days")
    return Expression(place, every=int(rate[1]) * timedelta(**{f"{rate[2]}s": 1}))
