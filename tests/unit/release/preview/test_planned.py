"""A plan in its parts: what going back costs before and after, and who leaves the window."""

from __future__ import annotations

from datetime import UTC, datetime

from release.ledger import Ledger, Terms, contracted, promote
from release.model import Release, Schedule, freeze
from release.plan import make_plan, render
from release.preview.planned import planned
from tests.unit.release.releases import manifest, migrating, release

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT = "2026-11-23T11:30:00Z"
TERMS = Terms(NOW, warm=3600)


def ledger(*releases: Release, window: int = 1) -> Ledger:
    found = Ledger()
    for each in releases:
        found = promote(found, each, window, AT, TERMS)
    return found


def test_the_text_is_the_one_that_the_update_shows() -> None:
    before = ledger(release("1"))
    plan = make_plan(before, release("2"), 1, 2, terms=TERMS)
    found = planned(plan, before, NOW)
    assert found.text == render(plan)
    assert found.headline == found.text.splitlines()[0].removeprefix("plan: ")
    assert (found.former, found.wanted) == (str(release("1")), str(release("2")))


def test_a_release_tells_what_going_back_costs_before_and_after_and_who_leaves() -> None:
    before = ledger(release("1"), release("2"))
    found = planned(make_plan(before, release("3"), 1, 2, terms=TERMS), before, NOW)
    assert found.rollback_before == f"to {release('1')}: instant until 2026-11-23T12:30:00Z, 30 min more"
    assert found.rollback_after.startswith(f"seconds: {release('2')} stays warm for 60 min")
    assert len(found.lost) == 1
    assert found.lost[0].startswith(f"{release('1')}: drained")
    assert found.moves


def test_a_window_of_none_loses_the_former_release() -> None:
    before = ledger(release("1"), window=0)
    found = planned(make_plan(before, release("2"), 0, 2, terms=TERMS), before, NOW)
    assert found.rollback_after.startswith(f"minutes: {release('1')} does not stay warm")
    assert [line.partition(":")[0] for line in found.lost] == [str(release("1"))]


def test_a_contract_tells_whom_it_ends_the_way_back_to() -> None:
    old, new = migrating("1", "e1"), migrating("2", "e1 c2")
    before = ledger(old, new, window=0)
    found = planned(make_plan(before, None, 0, 2, contract=new.id, terms=TERMS), before, NOW)
    assert found.rollback_before == f"to {old}: minutes, it would have to boot"
    assert found.rollback_after == f"there is no way back to {old} any more"
    assert found.lost == (f"{old}: its schema is gone, for good",)
    assert [step.revision for step in found.migrations] == ["c2"]


def test_after_a_contract_nobody_is_promised_a_way_back_that_is_gone() -> None:
    old, new = migrating("1", "e1"), migrating("2", "e1 c2")
    before = contracted(ledger(old, new, window=0), new.id, ["c2"], AT)
    found = planned(make_plan(before, None, 0, 2, terms=TERMS), before, NOW)
    assert found.rollback_before.startswith("there is no way back")
    assert not found.moves


def test_a_first_release_has_nothing_to_go_back_to() -> None:
    found = planned(make_plan(Ledger(), release("1"), 1, 2, terms=TERMS), Ledger(), NOW)
    assert found.rollback_before == "nothing is live"
    assert "nothing to go back to" in found.rollback_after
    assert (found.former, found.lost) == ("", ())


def test_nothing_to_release_and_nothing_live_is_a_plan_too() -> None:
    found = planned(make_plan(Ledger(), None, 1, 2, terms=TERMS), Ledger(), NOW)
    assert "nothing is live yet" in found.headline
    assert not found.moves


def test_schedules_are_told_by_what_becomes_of_them() -> None:
    def one(version: str, **schedules: str) -> Release:
        own = tuple(
            Schedule(name=name, expression=f"rate({rate})", command="tidy")
            for name, rate in schedules.items()
        )
        return freeze(manifest(version).model_copy(update={"schedules": own}), {})

    old, new = (
        one("1", stays="1 day", slower="1 hour", gone="1 day"),
        one("2", new="1 day", slower="2 hours", stays="1 day"),
    )
    before = ledger(old)
    found = planned(make_plan(before, new, 1, 2, terms=TERMS), before, NOW).schedules
    assert [line.partition(":")[0] for line in found.added] == ["new"]
    assert [line.partition(":")[0] for line in found.changed] == ["slower"]
    assert [line.partition(":")[0] for line in found.removed] == ["gone"]
