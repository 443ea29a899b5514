from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from release.warmth import ends, instant, told

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Warm:
    warm_until: str = ""


def test_it_ends_so_many_seconds_after_it_stopped_being_live_and_never_without_that_moment() -> None:
    assert ends("2026-01-01T12:00:00Z", 86400) == "2026-01-02T12:00:00Z"
    assert ends("", 86400) == ""


def test_it_is_instant_to_the_second_before_and_for_ever_where_no_time_is_known() -> None:
    warm = Warm("2026-01-01T12:00:00Z")
    assert [instant(warm, NOON + timedelta(seconds=s)) for s in (-1, 0, 1)] == [True, False, False]
    assert instant(Warm(), NOON + timedelta(days=9999))


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("2026-01-02T12:00:00Z", "instant until 2026-01-02T12:00:00Z, 24 h more"),
        ("2026-01-01T14:31:10Z", "instant until 2026-01-01T14:31:10Z, 2 h 31 min more"),
        ("2026-01-01T12:00:30Z", "instant until 2026-01-01T12:00:30Z, 30 s more"),
        ("2026-01-01T12:00:00Z", "minutes: it shrank at 2026-01-01T12:00:00Z, and boots again"),
        ("", "instant until another release takes its place"),
    ],
)
def test_people_read_until_when(until: str, words: str) -> None:
    assert told(Warm(until), NOON) == words
