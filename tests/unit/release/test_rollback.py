"""Where a rollback goes: never forward to what is bad, never to what the database has overtaken."""

from __future__ import annotations

import pytest

from release.errors import PlanError, ReleaseUnknown, SchemaOvertaken
from release.ledger import Ledger, contracted, promote
from release.model import Migration, freeze
from release.rollback import Now, cost, leaving, target
from tests.unit.release.releases import manifest, release

ONE, TWO, THREE = release("1"), release("2"), release("3")
DROP = Migration(revision="drop_name", kind="contract", checksum="0" * 64)
LAST = freeze(manifest("4").model_copy(update={"migrations": (DROP,)}), {})
NEVER_LIVE = "0123abcd"


def ledger(*releases, window: int = 1) -> Ledger:
    result = Ledger()
    for each in releases:
        result = promote(result, each, window, "2026-01-01T00:00:00Z")
    return result


ALL_THREE = ledger(ONE, TWO, THREE)
ON_THREE = Now({THREE.id: 100})


def test_the_last_good_release_is_the_warm_one_and_without_one_the_latest_retired() -> None:
    assert target(ALL_THREE, "", ON_THREE).release == TWO
    assert target(ledger(ONE, TWO, THREE, window=0), "", ON_THREE).release == TWO


@pytest.mark.parametrize(
    "found",
    [
        Now({THREE.id: 75, NEVER_LIVE: 25}, frozenset([NEVER_LIVE])),
        Now({THREE.id: 100}, frozenset([NEVER_LIVE]), unfinished=True),
    ],
)
def test_while_a_release_is_unfinished_the_last_good_one_is_what_was_live(found: Now) -> None:
    assert target(ALL_THREE, "", found).release == THREE


def test_a_rollback_that_is_not_recorded_is_said_again_and_never_undone() -> None:
    again = Now({TWO.id: 100}, pinned=TWO.id, unfinished=True)
    assert target(ALL_THREE, "", again).release == TWO


def test_a_rollback_of_a_rollback_goes_where_it_came_from() -> None:
    assert target(ledger(ONE, TWO, ONE), "", Now({ONE.id: 100})).release == TWO


@pytest.mark.parametrize("to", ["1", ONE.id, f"id:{ONE.id}"])
def test_a_release_is_named_by_its_version_or_its_id(to: str) -> None:
    assert target(ALL_THREE, to, ON_THREE).release == ONE


def test_of_two_releases_of_a_version_the_one_that_is_not_live_is_meant() -> None:
    red, blue = release("1", COLOUR="red"), release("1", COLOUR="blue")
    assert target(ledger(red, blue), "1", Now({blue.id: 100})).release == red


def test_what_this_stack_never_had_is_refused_with_what_it_had() -> None:
    with pytest.raises(ReleaseUnknown) as error:
        target(ALL_THREE, "9", ON_THREE)
    assert f"3 (id {THREE.id}, live), 2 (id {TWO.id}, warm), 1 (id {ONE.id}, retired)" in str(error.value)


def test_there_is_nothing_to_go_back_to_before_a_second_release() -> None:
    for few in (Ledger(), ledger(ONE)):
        with pytest.raises(PlanError, match="no release to go back to"):
            target(few, "", Now({ONE.id: 100}))


def test_what_serves_alone_and_is_live_needs_no_rollback() -> None:
    with pytest.raises(PlanError, match="nothing to roll back"):
        target(ALL_THREE, "3", ON_THREE)
    # By hand, or by a rollback that is not recorded, the traffic is elsewhere.
    assert target(ALL_THREE, "3", Now({TWO.id: 100})).release == THREE


def test_a_release_that_a_contract_has_overtaken_is_refused() -> None:
    closed = contracted(ledger(ONE, LAST, window=0), LAST.id, ["drop_name"], "2026-01-02T00:00:00Z")
    with pytest.raises(SchemaOvertaken):
        target(closed, "1", Now({LAST.id: 100}))


def test_the_cost_is_told_in_instances_and_time() -> None:
    warm, retired = ALL_THREE.find(TWO.id), ALL_THREE.find(ONE.id)
    assert warm
    assert retired
    assert cost(warm, 2) == "2 warm instances, no boot, no migration, about 1 s"
    assert cost(warm, 1).startswith("1 warm instance,")
    assert cost(retired, 0).startswith("minutes")
    assert cost(warm, 0).startswith("minutes"), "its time is over, and its instances have left"


def test_who_has_the_traffic_is_told_with_shares_where_there_are_several() -> None:
    entry = ALL_THREE.find(TWO.id)
    assert entry
    assert leaving(ALL_THREE, entry, ON_THREE) == f"version 3 ({THREE.id})"
    both = Now({THREE.id: 75, NEVER_LIVE: 25})
    assert (
        leaving(ALL_THREE, entry, both) == f"version 3 ({THREE.id}) at 75 % and release {NEVER_LIVE} at 25 %"
    )
    assert "has the traffic already" in leaving(ALL_THREE, entry, Now({TWO.id: 100}))
