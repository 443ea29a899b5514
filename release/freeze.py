"""When nothing is released, by the clocks on the wall. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from infra.freezes import Day, Freeze

_DAYS = get_args(Day)
_A_DAY = timedelta(days=1)
_FOR_EVER = timedelta(days=366)


@dataclass(frozen=True)
class Frozen:
    """`window` is one of those that hold now, `until` the first moment (UTC) that none holds; None for more than a year
    of them.
    """

    window: Freeze
    until: datetime | None

    def __str__(self) -> str:
        zone = self.window.timezone
        until = (
            f"{self.until.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"
            if self.until
            else "further notice"
        )
        return f"frozen until {until}" + (f": {self.window.reason}" if self.window.reason else "")


def frozen(windows: Sequence[Freeze], now: datetime) -> Frozen | None:
    """What holds `now`, which has a time zone; None where nothing does."""
    first = _holding(windows, now)
    if first is None:
        return None
    holding: Freeze | None = first
    moment = now.astimezone(UTC)
    while holding is not None:
        moment = _left(holding, moment)
        holding = _holding(windows, moment)
        if holding is not None and moment - now > _FOR_EVER:
            return Frozen(first, None)
    return Frozen(first, moment)


def in_words(window: Freeze) -> str:
    """The window as a person says it."""
    days = f"{', '.join(window.days)} " if window.days else ""
    return f"{days}from {window.begin} to {window.end}, {window.timezone}"


def _holding(windows: Sequence[Freeze], moment: datetime) -> Freeze | None:
    return next((window for window in windows if _end(window, _wall(window, moment)) is not None), None)


def _left(window: Freeze, moment: datetime) -> datetime:
    """The first moment after this one, at which the window holds, that it may not: the clocks show its end, or jump."""
    zone = ZoneInfo(window.timezone)
    end = _end(window, _wall(window, moment))
    assert end is not None
    shown = [end.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    left = min(each for each in shown if each > moment)
    for jump in _jumps(zone, moment, left):
        if _end(window, _wall(window, jump)) is None:
            return jump
    return left


def _end(window: Freeze, wall: datetime) -> datetime | None:
    """Until when the window holds at this time on the wall; None where it does not."""
    if not window.days:
        begin = datetime.fromisoformat(window.begin)
        end = datetime.fromisoformat(window.end) + (timedelta() if "T" in window.end else _A_DAY)
        return end if begin <= wall < end else None
    today = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (today, today - _A_DAY):
        begin, end = day + _clock(window.begin), day + _clock(window.end)
        end += _A_DAY if end <= begin else timedelta()
        if _DAYS[day.weekday()] in window.days and begin <= wall < end:
            return end
    return None


def _clock(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _wall(window: Freeze, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(window.timezone)).replace(tzinfo=None)


def _jumps(zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """The moments at which the zone's clocks are put forward or back, to the minute."""
    low = after
    while low < until:
        high = min(low + _A_DAY, until)
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            yield _jump(zone, low, high)
        low = high


def _jump(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = low.astimezone(zone).utcoffset()
    low = low.replace(second=0, microsecond=0)
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=1) // 2)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(second=0, microsecond=0)
