from datetime import UTC, datetime, timedelta

import pytest

from release.errors import ReleaseUnknown, StaleRelease, VersionUnknown
from release.ledger import Ledger, Terms, promote
from release.model import Allowed, Manifest, Release, freeze
from release.plan import Plan, make_plan, render, resolve
from tests.unit.release.releases import manifest, migrating, release
from tests.unit.release.test_ledger import after_two, ledger_of

ONE, TWO, THREE = release("1"), release("2"), release("3")


def plan(ledger: Ledger, wanted: Release | None, window: int = 1) -> Plan:
    return make_plan(ledger, wanted, window, web_min=2)


def test_without_a_wish_and_without_a_release_there_is_nothing_and_it_says_what_to_type() -> None:
    empty = plan(Ledger(), None)
    assert (empty.action, empty.fleets) == ("nothing", ())
    assert "release deploy VERSION" in render(empty)


def test_the_first_release_has_nothing_to_go_back_to() -> None:
    first = plan(Ledger(), ONE)
    assert (first.action, first.fleets, first.former) == ("first", (ONE,), None)
    assert "nothing to go back to" in first.rollback_cost


def test_while_the_third_goes_live_the_second_runs_and_the_first_is_left_to_the_engine() -> None:
    third = plan(ledger_of("1", "2"), THREE)
    assert third.action == "release"
    assert third.fleets == (THREE, TWO)
    assert third.leaving == (ONE,)
    assert third.warm_after == (TWO,)


def test_without_a_wish_the_plan_declares_what_runs_so_that_a_refused_candidate_leaves() -> None:
    nothing = plan(ledger_of("1", "2"), None)
    assert (nothing.action, nothing.fleets, nothing.leaving) == ("nothing", (TWO, ONE), ())
    assert render(nothing).splitlines()[0] == f"plan: nothing to release, {TWO} stays live"


def test_going_back_to_a_warm_release_boots_nothing() -> None:
    back = plan(ledger_of("1", "2"), ONE)
    assert (back.action, back.fleets, back.leaving) == ("rollback", (ONE, TWO), ())
    assert not any("boots," in step for step in back.steps)


def test_going_back_to_a_retired_release_boots_its_fleet_again() -> None:
    back = plan(ledger_of("1", "2", "3"), ONE)
    assert back.action == "rollback"
    assert any("boots, at least 2 web instances" in step for step in back.steps)
    assert back.leaving == (TWO,)


def later(minutes: int) -> Terms:
    return Terms(datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(minutes=minutes), warm=3600)


def test_whose_time_is_over_leaves_in_the_next_update_and_the_plan_says_so() -> None:
    ledger = after_two()
    settled = make_plan(ledger, None, 1, 2, terms=later(59))
    assert (settled.fleets, settled.leaving) == ((TWO, ONE), ())
    over = make_plan(ledger, None, 1, 2, terms=later(60))
    assert (over.action, over.fleets, over.leaving) == ("nothing", (TWO,), (ONE,))
    assert render(over).splitlines() == [
        f"plan: nothing to release, {TWO} stays live",
        f"  leaves:        {ONE}, which was warm until 2026-01-01T13:00:00Z",
    ]


def test_going_back_to_one_that_has_shrunk_boots_it_again_and_runs_no_migration() -> None:
    warm, shrunk = (make_plan(after_two(), ONE, 1, 2, terms=later(minutes)) for minutes in (59, 60))
    assert not any("boots" in step for step in warm.steps)
    assert any("boots, at least 2 web instances" in step for step in shrunk.steps)
    assert (warm.action, shrunk.action, shrunk.migrations) == ("rollback", "rollback", ())
    assert (warm.boots, shrunk.boots) == ({ONE.id: 1, TWO.id: 1}, {ONE.id: 2, TWO.id: 1})
    assert shrunk.leaving == ()
    assert shrunk.rollback_cost.startswith(f"seconds: {TWO} stays warm for 60 min on")


def test_a_window_of_none_says_that_going_back_costs_a_boot() -> None:
    none = plan(ledger_of("1", window=0), TWO, window=0)
    assert (none.fleets, none.leaving) == ((TWO,), (ONE,))
    assert none.rollback_cost.startswith("minutes:")


def test_what_is_shown_first_names_from_to_steps_what_stays_what_leaves_and_the_way_back() -> None:
    text = render(plan(ledger_of("1", "2"), THREE))
    assert text.splitlines() == [
        f"plan: release from {TWO} to {THREE}",
        f"  1. a fleet of {THREE} boots, at least 2 web instances, without traffic",
        f"  2. {THREE} proves itself through the balancer: healthy targets, and answers of its own in a row",
        f"  3. traffic moves from {TWO} to {THREE} by steps, each one proven and watched; back on any doubt",
        f"  stays warm:    {TWO}",
        f"  leaves:        {ONE}, after the shift and drained",
        f"  rollback cost: seconds: {TWO} stays warm on at least 2 web instances, nothing has to boot",
    ]


def test_a_bake_is_the_last_step_of_a_release_and_none_of_a_way_back() -> None:
    forward = make_plan(ledger_of("1", "2"), THREE, 1, 2, terms=Terms(baked=600))
    assert forward.steps[-1] == f"{THREE} bakes: it is watched for 10 min more; back on any doubt"
    back = make_plan(ledger_of("1", "2"), ONE, 1, 2, terms=Terms(baked=600))
    assert "by release rollback" in back.steps[-1]


def test_the_migrations_that_will_run_are_named_with_the_exceptions_that_they_ask_for() -> None:
    asking = manifest("2", migrations="e1 e2 b3 c4").model_copy(
        update={"allowed": (Allowed(revision="e2", rule="truncate", reason="nobody has used it"),)}
    )
    before = promote(Ledger(), migrating("1", "e1"), 1, "")
    text = render(plan(before, freeze(asking, {})))
    assert "1. 2 migrations on the operations host, while version 1" in text
    assert ": e2 (expand), b3 (backfill)\n" in text
    assert "c4" not in text
    assert text.endswith("\n  allowed:       e2 breaks the rule truncate: nobody has used it")


def test_on_the_way_back_and_forward_again_no_migration_runs() -> None:
    one, two = migrating("1", "e1"), migrating("2", "e1 e2")
    there = promote(promote(Ledger(), one, 1, ""), two, 1, "")
    for ledger, target in ((there, one), (promote(there, one, 1, ""), two)):
        back = plan(ledger, target)
        assert (back.action, back.migrations) == ("rollback", ())
        assert back.steps[0].startswith("no migration runs")


def nowhere(version: str) -> Manifest:
    raise VersionUnknown(f"no {version}")


@pytest.mark.parametrize("absent", [None, "", "  "])
def test_an_absent_wish_resolves_to_nothing_and_asks_nobody(absent: str | None) -> None:
    assert resolve(ledger_of("1"), absent, nowhere, {}) is None


def test_a_version_is_frozen_with_todays_variables() -> None:
    assert resolve(ledger_of("1"), "2", manifest, {"A": "b"}) == release("2", A="b")


def test_the_live_version_with_a_changed_variable_is_a_new_release() -> None:
    assert resolve(ledger_of("1", "2"), "2", manifest, {"A": "b"}) == release("2", A="b")


@pytest.mark.parametrize("variables", [{}, {"A": "changed since"}])
def test_a_stale_checkout_cannot_go_back_by_version_whatever_its_variables_are(variables) -> None:
    with pytest.raises(StaleRelease) as caught:
        resolve(ledger_of("1", "2", "3"), "1", manifest, variables)
    assert f"release rollback --to {ONE.id}" in caught.value.next
    assert "version 1 was live before 3" in caught.value.what


def test_after_going_back_the_release_that_was_left_is_refused_by_version_too() -> None:
    with pytest.raises(StaleRelease, match="version 2 was live before 1"):
        resolve(ledger_of("1", "2", "1"), "2", manifest, {})


def test_an_id_goes_back_on_purpose_with_the_variables_that_it_had() -> None:
    assert resolve(ledger_of("1", "2", "3"), f"id:{ONE.id}", nowhere, {"A": "today"}) == ONE


def test_an_id_that_was_never_here_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ReleaseUnknown, match=TWO.id):
        resolve(ledger_of("1", "2"), "id:00000000", nowhere, {})
