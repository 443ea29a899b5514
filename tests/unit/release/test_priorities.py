"""Header rules keep their numbers, whatever comes and goes beside them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from release.priorities import FIRST, MAIN, SPAN, assign

ids = st.integers(0, 2**32 - 1).map(lambda number: f"{number:08x}")
# Few enough that numbers collide all the time.
colliding_ids = st.integers(0, 5).flatmap(
    lambda slot: st.integers(0, 2**32 // SPAN - 1).map(lambda n: f"{n * SPAN + slot:08x}")
)


def test_a_release_gets_the_number_where_its_id_falls() -> None:
    assert assign(["00000007"], {}) == {"00000007": FIRST + 7}


def test_a_release_that_collides_gets_the_next_one() -> None:
    twin = f"{SPAN + 7:08x}"
    assert assign([twin], {"00000007": FIRST + 7}) == {twin: FIRST + 8}


def test_a_release_keeps_its_number_when_the_one_it_made_way_for_is_gone() -> None:
    twin = f"{SPAN + 7:08x}"
    assert assign([twin], {twin: FIRST + 8}) == {twin: FIRST + 8}


def test_the_end_of_the_span_wraps_to_its_beginning() -> None:
    last, twin = f"{SPAN - 1:08x}", f"{2 * SPAN - 1:08x}"
    assert assign([last, twin], {}) == {last: FIRST + SPAN - 1, twin: FIRST}


@given(st.lists(ids | colliding_ids, unique=True, max_size=30))
def test_no_two_releases_share_a_number_and_all_come_before_the_weights(release_ids: list[str]) -> None:
    numbers = assign(release_ids, {})
    assert len(set(numbers.values())) == len(release_ids)
    assert all(FIRST <= number < FIRST + SPAN <= MAIN for number in numbers.values())


@given(st.lists(st.lists(colliding_ids, unique=True, min_size=1, max_size=4), min_size=1, max_size=20))
def test_no_rule_ever_moves_and_no_rule_takes_the_number_of_one_that_is_about_to_leave(
    updates: list[list[str]],
) -> None:
    held: dict[str, int] = {}
    for declared in updates:
        numbers = assign(declared, held)
        both = held | numbers
        assert all(both[release_id] == number for release_id, number in held.items())
        assert len(set(both.values())) == len(both)
        held = numbers
