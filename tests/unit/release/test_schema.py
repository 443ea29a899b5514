"""What the database has, told by the ledger and by what the operations host has said."""

from __future__ import annotations

import json
from typing import Any

from release.ledger import Ledger, contracted, promote
from release.schema import applied, runs, waiting
from tests.unit.release.releases import migrating

ONE, TWO, THREE = migrating("1", "e1"), migrating("2", "e1 e2 b3 c4"), migrating("3", "e1 e2 b3 c4 e5")


def ledger(*releases: Any) -> Ledger:
    result = Ledger()
    for each in releases:
        result = promote(result, each, 1, "2026-01-01T00:00:00Z")
    return result


def command(release: str, revisions: list[str], said: str) -> dict[str, Any]:
    told = {"do": "migrate", "release": release, "by": "anna", "revisions": revisions}
    return {
        "type": "command:remote:Command",
        "outputs": {"stdin": json.dumps(told), "stdout": said},
    }


def test_who_brought_a_revision_is_who_came_first_however_often_it_was_live_again() -> None:
    known = applied(ledger(ONE, TWO, ONE), ())
    assert [(each.revision, each.kind, each.release) for each in known] == [
        ("e1", "expand", ONE.id),
        ("e2", "expand", TWO.id),
        ("b3", "backfill", TWO.id),
    ]


def test_a_contract_counts_once_it_was_applied_and_waits_before() -> None:
    before = ledger(TWO)
    assert [each.revision for each in waiting(before)] == ["c4"]
    after = contracted(before, TWO.id, ["c4"], "2026-02-01T00:00:00Z")
    assert waiting(after) == ()
    last = applied(after, ())[-1]
    assert (last.revision, last.release, last.at) == ("c4", TWO.id, "2026-02-01T00:00:00Z")


def test_what_the_host_has_said_settles_who_it_was_and_a_refused_release_leaves_its_revisions() -> None:
    said = "[   0.9 s] 3 applied, to run: e5 (expand)\n[   1.0 s] e5: applied\n[   1.2 s] login: made"
    done = runs(
        [
            command(TWO.id, ["e1", "e2"], "[   0.1 s] e1: applied\n[  10.2 s] e2: applied"),
            command(THREE.id, ["e1", "e2", "b3", "e5"], said),
            {"type": "command:remote:Command", "outputs": {"stdin": "no JSON"}},
        ]
    )
    known = {each.revision: each.release for each in applied(ledger(ONE, TWO), done)}
    assert known == {"e1": TWO.id, "e2": TWO.id, "b3": TWO.id, "e5": THREE.id}
