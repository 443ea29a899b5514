"""Which release may go live over what it changes for clients."""

from __future__ import annotations

import hashlib

import pytest

from release.errors import ApiBroken, ApiNotCompared
from release.model import OpenApi, Release, freeze
from release.openapi.changes import BREAKS, MAY_BREAK, Change, parse
from release.openapi.judged import MOST, judge
from tests.unit.release.releases import manifest

REMOVED = Change(BREAKS, "/orders", "GET", "api removed", "api-removed")
NARROWED = Change(MAY_BREAK, "/orders", "GET", "pattern changed", "pattern-changed")


def carrying(version: str, document: str) -> Release:
    digest = hashlib.sha256(document.encode()).hexdigest()
    openapi = OpenApi(path="openapi.json", digest=digest) if document else None
    return freeze(manifest(version).model_copy(update={"openapi": openapi}), {})


LIVE, SAME, OTHER, NONE = (
    carrying(version, document)
    for version, document in (("1", "one"), ("2", "one"), ("3", "other"), ("4", ""))
)


def fetch(document: OpenApi) -> bytes:
    return document.digest.encode()


def never(live: bytes, wanted: bytes) -> tuple[Change, ...]:
    raise AssertionError("there is nothing to compare")


def judged(wanted: Release, *changes: Change, accepted: str = "", live: Release | None = LIVE):
    return judge(live, wanted, fetch, lambda one, other: changes if one != other else (), accepted)


@pytest.mark.parametrize(
    ("live", "wanted"), [(LIVE, SAME), (LIVE, LIVE), (NONE, LIVE), (None, LIVE), (NONE, NONE)]
)
def test_without_another_document_nothing_is_compared(live: Release | None, wanted: Release) -> None:
    assert judge(live, wanted, fetch, never, "").lines() == ()


def test_a_change_that_breaks_clients_stops_the_release_and_is_named() -> None:
    with pytest.raises(ApiBroken) as refused:
        judged(OTHER, REMOVED, NARROWED)
    assert refused.value.seen == "GET /orders: api removed"
    assert "nothing was changed" in refused.value.state
    assert "--accept-api-changes" in refused.value.next


def test_a_change_that_may_break_clients_is_told_and_stops_nothing() -> None:
    assert judged(OTHER, NARROWED).lines() == ("may break clients: GET /orders: pattern changed",)


def test_what_is_accepted_is_told_with_its_reason() -> None:
    found = judged(OTHER, REMOVED, accepted="nobody asks for it")
    assert found.lines() == ("breaks clients: GET /orders: api removed", "accepted: nobody asks for it")
    assert judged(OTHER, NARROWED, accepted="to be sure").accepted == "", "there was nothing to accept"


def test_a_release_that_hides_its_document_is_stopped() -> None:
    with pytest.raises(ApiBroken) as refused:
        judged(NONE)
    assert "no OpenAPI document any more" in refused.value.seen


def test_what_cannot_be_compared_stops_the_release_unless_that_is_accepted() -> None:
    def blind(live: bytes, wanted: bytes) -> tuple[Change, ...]:
        raise ApiNotCompared("nobody can say", seen="no oasdiff")

    with pytest.raises(ApiNotCompared) as refused:
        judge(LIVE, OTHER, fetch, blind, "")
    assert "is live, as before" in refused.value.state
    assert judge(LIVE, OTHER, fetch, blind, "it cannot wait").lines() == (
        "accepted: it cannot wait (they could not be compared: no oasdiff)",
    )


def test_an_error_of_a_hundred_changes_stays_readable() -> None:
    changes = [Change(BREAKS, f"/{n:03}", "GET", "api removed", "api-removed") for n in range(100)]
    with pytest.raises(ApiBroken) as refused:
        judged(OTHER, *changes)
    lines = refused.value.seen.splitlines()
    assert len(lines) == MOST + 1
    assert "88 more" in lines[-1]


def test_what_is_only_information_is_left_out_and_what_breaks_comes_first() -> None:
    told = '[{"level": 1, "text": "x"}, {"level": 2, "text": "b"}, {"level": 3, "text": "a"}]'
    assert [change.text for change in parse(told)] == ["a", "b"]
    with pytest.raises(ValueError, match="no list"):
        parse('{"error": 1}')


def test_an_id_stands_for_the_document_too() -> None:
    assert carrying("1", "one").id != carrying("1", "other").id != carrying("1", "").id
