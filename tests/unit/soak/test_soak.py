"""A soak is repeated by its seed, leaves nothing out, and calls bad what is bad."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from tests.soak.order import DECK, order
from tests.soak.totals import Account, Row, told, verdict

DEEDS = {deed.kind: deed for deed in islice(order(7), len(DECK))}
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
BOOKS = Account(40, 40, 0, {MOMENT + timedelta(minutes=n): 1 for n in range(5)}, {"applied": 4}, 1)


def row(kind: str = "release", **changes: object) -> Row:
    good = Row(DEEDS[kind], 50.0, 9000, 0, 0, (0,), 0)  # type: ignore[index]
    return replace(good, **changes)  # type: ignore[arg-type]


def test_the_same_seed_plays_the_same_order_and_another_one_another() -> None:
    once, again, other = (list(islice(order(seed), 60)) for seed in (5, 5, 6))
    assert once == again
    assert [deed.kind for deed in once] != [deed.kind for deed in other]


def test_everything_is_played_before_anything_is_played_too_often() -> None:
    for start in range(0, 4 * len(DECK), len(DECK)):
        kinds = [deed.kind for deed in islice(order(9), start, start + len(DECK))]
        assert sorted(kinds) == sorted(DECK)


def test_nothing_lost_nothing_twice_is_good() -> None:
    assert verdict([row(), row("kill web", killed=12)], BOOKS) == ()
    assert "seed 3: 1 deeds" in told([row()], BOOKS, 3)


@pytest.mark.parametrize(
    ("rows", "books", "words"),
    [
        ([row(lost=1)], BOOKS, "1 requests lost"),
        ([row(wrong=1)], BOOKS, "1 wrong exit statuses"),
        ([row(complaint="a fleet is left")], BOOKS, "a fleet is left"),
        ([row()], replace(BOOKS, done=39), "1 jobs lost"),
        ([row()], replace(BOOKS, again=1), "1 jobs done again, at most 0"),
        ([row("kill worker")], replace(BOOKS, again=11), "11 jobs done again, at most 10"),
        ([row()], replace(BOOKS, ticks={MOMENT: 1, MOMENT + timedelta(minutes=3): 1}), "2 ticks missed"),
        ([row()], replace(BOOKS, ticks={MOMENT: 2}), "1 ticks done again"),
        ([row()], replace(BOOKS, migrations={"applied": 4, "failed": 1}), "migrations"),
        ([row()], replace(BOOKS, expected=5), "migrations"),
        ([row()], None, "the books could not be read"),
    ],
)
def test_whatever_is_lost_or_twice_is_bad(rows: list[Row], books: Account | None, words: str) -> None:
    assert any(words in one for one in verdict(rows, books))
    if books and books.again == 11:
        assert verdict(rows, replace(books, again=10)) == ()
