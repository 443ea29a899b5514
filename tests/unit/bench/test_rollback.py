"""The quantiles that a bench tells, and the past that it makes up."""

from __future__ import annotations

import pytest

from bench.past import with_past
from bench.rollback import percentile
from release.ledger import Ledger, promote
from tests.unit.release.releases import release


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 25), (0.9, 45), (0.99, 50), (1.0, 50)])
def test_a_percentile_is_one_of_the_values_and_never_flatters(share: float, expected: int) -> None:
    assert percentile(range(1, 51), share) == expected


def test_a_made_up_past_is_a_ledger_whose_live_and_warm_releases_are_as_they_were() -> None:
    ledger = Ledger()
    for version in ("1", "2", "3"):
        ledger = promote(ledger, release(version), 1, "2026-01-01T00:00:00Z")
    stack = {"type": "pulumi:pulumi:Stack", "outputs": {"ledger": ledger.dump()}}
    state = {"deployment": {"resources": [stack]}}
    for past in (3, 1000, 3):
        state = with_past(state, past)
        parsed = Ledger.parse(state["deployment"]["resources"][0]["outputs"]["ledger"])
        assert len({entry.release.id for entry in parsed.entries}) == past + 2
        assert parsed.live
        assert parsed.live.release == release("3")
        assert [entry.release for entry in parsed.warm] == [release("2")]
