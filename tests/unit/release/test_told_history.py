"""The engine's history and the ledger as one story: nothing is claimed that neither says."""

from __future__ import annotations

from typing import Any

from release.history import gaps, lines
from release.ledger import Ledger, promote
from tests.unit.release.releases import release

ONE, TWO = release("1"), release("2")


def ledger() -> Ledger:
    result = Ledger()
    for each in (ONE, TWO, ONE):
        result = promote(result, each, 1, "2026-01-01T00:00:00Z")
    return result


def update(minute: int, wanted: str | None, result: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {
        "kind": "update",
        "startTime": f"2026-01-01T10:{minute:02}:00.000Z",
        "endTime": f"2026-01-01T10:{minute:02}:42.000Z",
        "message": more.get("message", ""),
        "environment": {"git.head": "0123456789abcdef", "git.dirty": "true", "git.committer": "Anna"},
        "config": {} if wanted is None else {"uneventful:release": {"value": wanted, "secret": False}},
        "result": result,
        "resourceChanges": {"create": 2, "same": 100},
    }


# The engine tells the latest first.
UPDATES = [
    update(5, f"id:{ONE.id}", message="prices are wrong"),
    update(4, None),
    update(3, "2"),
    update(2, "2", "failed"),
    update(1, "1"),
    update(0, None),
]


def test_each_move_is_told_with_where_it_came_from_and_how_it_ended() -> None:
    told = lines(UPDATES, ledger())
    assert [(line.move, line.former, line.wanted) for line in told] == [
        ("rollback", str(TWO), str(ONE)),
        ("none", str(TWO), ""),
        ("release", str(ONE), str(TWO)),
        ("refused", str(ONE), str(TWO)),
        ("first", "", str(ONE)),
        ("none", "", ""),
    ]
    latest = told[0]
    assert (latest.at, latest.seconds, latest.who) == ("2026-01-01T10:05:00.000Z", 42, "Anna")
    assert (latest.reason, latest.commit) == ("prices are wrong", "0123456789ab and changes of its own")
    assert latest.changes == "2 create"


def test_a_release_that_no_update_brought_live_is_said_to_be_unknown() -> None:
    assert "shorter than the ledger" not in " ".join(gaps(lines(UPDATES, ledger()), ledger()))
    some = lines(UPDATES[:2], ledger())
    assert str(TWO) in gaps(some, ledger())[0]
    assert any("killed" in gap for gap in gaps(some, ledger()))


def test_two_releases_of_one_version_are_not_guessed_apart() -> None:
    red, blue = release("1", COLOUR="red"), release("1", COLOUR="blue")
    both = promote(promote(Ledger(), red, 1, ""), blue, 1, "")
    told = lines([update(0, "1")], both)
    assert told[0].wanted == "version 1"
