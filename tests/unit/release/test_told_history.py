"""The engine's history and the ledger as one story: nothing is claimed that neither says."""

from __future__ import annotations

from typing import Any

from release.history import gaps, lines, requests
from release.ledger import Ledger, Terms, contracted, promote
from tests.unit.release.releases import migrating, release
from tests.unit.spent import counted

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


OBSERVED = """1 % on 2 (x): errors 0 of 29 (old 0 of 2705), 4 ms (old 3 ms); proven by 10 probes in 0.0 s
100 % on 2 (x): errors 1 of 3607, 7 ms; proven by 200 probes in 2.2 s"""


def test_an_update_tells_its_migrations_and_what_was_observed_once_and_a_contract_is_one_of_its_own() -> None:
    early, late = migrating("1", "e1"), migrating("2", "e1 e2 b3 c4")
    ledger = promote(Ledger(), early, 1, "2026-01-01T10:01:42Z", Terms(by="anna", observed=OBSERVED))
    ledger = promote(ledger, late, 0, "2026-01-01T10:02:10Z", Terms(by="ben", observed=OBSERVED))
    ledger = contracted(ledger, late.id, ["c4"], "2026-01-01T10:04:30Z")
    contract = update(4, None)
    contract["config"] = {"uneventful:contract": {"value": late.id}}
    told = {
        line.at[14:16]: line
        for line in lines([update(0, "1"), update(1, "1"), update(2, "2"), update(3, "2"), contract], ledger)
    }
    assert [(told[m].move, told[m].migrations) for m in ("00", "02", "03", "04")] == [
        ("first", ("e1",)),
        ("release", ("e2", "b3")),
        ("none", ()),
        ("contract", ("c4",)),
    ]
    assert (told["02"].by, told["02"].requests) == ("ben", 29 + 2705 + 3607)
    # It became live at another time than the ledger remembers: nothing is claimed.
    assert (told["00"].by, told["00"].requests, told["00"].observed) == ("", None, "")


def test_what_a_rollback_proved_by_probes_alone_has_counted_no_requests() -> None:
    assert requests("100 % on 1 (x) by rollback; proven by 40 probes in 0.4 s") is None


def test_a_thousand_updates_of_a_thousand_releases_are_told_in_a_moment() -> None:
    first = release("0")
    dumped = promote(Ledger(), first, 0, "").dump()
    entry = dumped["entries"][0]
    dumped["entries"] = [
        entry | {"sequence": n + 1, "state": "retired", "release": release(f"v{n}").model_dump(mode="json")}
        for n in range(1000)
    ]
    dumped["entries"][-1]["state"] = "live"
    ledger = Ledger.parse(dumped)
    updates = [update(n % 60, f"v{n}") | {"startTime": f"2026-01-01T10:00:00.{n:04}Z"} for n in range(1000)]
    with counted() as spent:
        told = lines(updates, ledger)
        assert not gaps(told, ledger)[0].startswith("no update")
    assert spent.seconds < 1, "a fifth of one on a machine that does nothing else"
