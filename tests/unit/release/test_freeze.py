"""Freeze windows against clocks that are read minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.freezes import Freeze
from release.freeze import frozen

MINUTE = timedelta(minutes=1)
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
JUMPS = (
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Berlin, forward
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # Berlin, back
    datetime(2026, 11, 1, 6, tzinfo=UTC),  # New York, back
    datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe, back by half an hour
)


def window(**words: Any) -> Freeze:
    return Freeze.model_validate({**words, "days": tuple(words.get("days", ()))})


def weekly(days: str, begin: str, end: str, timezone: str = "UTC", **words: str) -> Freeze:
    return window(days=tuple(days.split()), **{"from": begin, "to": end}, timezone=timezone, **words)


def dated(begin: str, end: str, timezone: str = "UTC") -> Freeze:
    return window(**{"from": begin, "to": end}, timezone=timezone)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def holds(one: Freeze, moment: datetime) -> bool:
    """By what a clock on the wall shows, as text."""
    wall = moment.astimezone(ZoneInfo(one.timezone))
    clock, today = f"{wall:%H:%M}", NAMES[wall.weekday()]
    yesterday = NAMES[wall.weekday() - 1]
    if not one.days:
        end = one.end if "T" in one.end else f"{one.end}T99"
        return one.begin <= f"{wall:%Y-%m-%dT%H:%M}" < end
    if one.begin < one.end:
        return today in one.days and one.begin <= clock < one.end
    return (today in one.days and clock >= one.begin) or (yesterday in one.days and clock < one.end)


CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 15, 29, 30, 31]))


@st.composite
def windows(draw: st.DrawFn) -> Freeze:
    zone = draw(st.sampled_from(ZONES))
    if draw(st.booleans()):
        days = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=7, unique=True))
        begin, end = draw(CLOCKS), draw(CLOCKS | st.just("24:00"))
        return weekly(" ".join(days), begin, "24:00" if begin == end else end, zone)
    jump = draw(st.sampled_from(JUMPS)).replace(tzinfo=None)
    begin = jump + timedelta(minutes=15 * draw(st.integers(-300, 300)))
    end = begin + timedelta(minutes=15 * draw(st.integers(1, 300)))
    return dated(f"{begin:%Y-%m-%dT%H:%M}", f"{end:%Y-%m-%dT%H:%M}", zone)


@settings(max_examples=250)
@given(
    st.lists(windows(), min_size=1, max_size=3),
    st.sampled_from(JUMPS),
    st.integers(-3 * 24 * 60, 3 * 24 * 60),
)
def test_it_holds_and_ends_when_the_clocks_on_the_wall_say_so(
    chosen: list[Freeze], jump: datetime, minutes: int
) -> None:
    now = jump + minutes * MINUTE
    found = frozen(chosen, now)
    assert (found is not None) == any(holds(one, now) for one in chosen)
    if found is None:
        return
    ends = (now + n * MINUTE for n in range(9 * 24 * 60))
    first = next((m for m in ends if not any(holds(one, m) for one in chosen)), None)
    if first is None:
        assert found.until is None or found.until > now + timedelta(days=8)
    else:
        assert found.until == first


@pytest.mark.parametrize(
    ("one", "now", "until"),
    [
        (weekly("fri", "16:00", "24:00"), "2026-11-27T16:00", "2026-11-28T00:00"),
        (weekly("fri", "16:00", "24:00"), "2026-11-27T15:59", None),
        (weekly("fri", "16:00", "24:00"), "2026-11-26T16:00", None),
        (weekly("fri sat sun", "00:00", "24:00"), "2026-11-27T12:00", "2026-11-30T00:00"),
        (weekly("mon", "22:00", "06:00"), "2026-11-24T05:59", "2026-11-24T06:00"),
        (dated("2026-12-20", "2027-01-02"), "2026-12-31T23:00", "2027-01-03T00:00"),
        (dated("2026-12-20T18:00", "2026-12-21T06:00"), "2026-12-20T17:59", None),
    ],
)
def test_windows_that_people_write(one: Freeze, now: str, until: str | None) -> None:
    found = frozen([one], at(now))
    assert (found and found.until) == (at(until) if until else None)


def test_windows_that_follow_each_other_end_with_the_last_and_some_never_end() -> None:
    weekend = weekly("sat sun", "00:00", "24:00")
    found = frozen([weekly("fri", "16:00", "24:00"), weekend], at("2026-11-27T17:00"))
    assert found
    assert found.until == at("2026-11-30T00:00")
    always = frozen([weekly(" ".join(NAMES), "00:00", "24:00")], at("2026-11-27T17:00"))
    assert always
    assert (always.until, str(always)) == (None, "frozen until further notice")


def test_a_person_reads_the_end_in_the_window_s_own_time_and_why() -> None:
    one = weekly("fri", "16:00", "24:00", "Europe/Berlin", reason="nobody is here on Friday evenings")
    found = frozen([one], at("2026-11-27T17:00", "Europe/Berlin"))
    assert str(found) == "frozen until 2026-11-28 00:00 Europe/Berlin: nobody is here on Friday evenings"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"days": ("fri",), "from": "4 pm", "to": "24:00"}, "4 pm is no time of a day"),
        ({"days": ("fri",), "from": "16:00", "to": "16:00"}, "a whole day is 00:00 to 24:00"),
        ({"from": "16:00", "to": "24:00"}, "days are missing"),
        ({"from": "2026-12-20", "to": "2026-12-19"}, "2026-12-19 is not after 2026-12-20"),
        ({"from": "2026-02-30", "to": "2026-03-19"}, "2026-02-30 is no date"),
        ({"from": "2026-12-20", "to": "2026-12-21", "timezone": "Berlin"}, "no time zone of that name"),
    ],
)
def test_what_is_no_window_is_refused_with_the_reason(words: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        window(**words)
