"""What runs next, by the bundle, the request and the ledger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrator.decision import decide
from migrator.errors import ChecksumChanged, Gap, OrderError, TwoHeads, UnknownRevision
from migrator.ledger import Row
from migrator.request import parse
from migrator.revisions import Bundle, Revision


def revision(name, kind="expand", down="", checksum=None):
    return Revision(name, kind, f"{name}_x.{kind}.sql", checksum or f"sum-{name}", down)


def bundle(*revisions):
    return Bundle(Path("/bundle"), revisions)


def row(name, kind="expand", outcome="applied", **more):
    values = {
        "checksum": f"sum-{name}",
        "file": f"{name}_x.{kind}.sql",
        "release": "aaaa0001",
        "version": "1",
        "by": "",
    }
    return Row(revision=name, kind=kind, outcome=outcome, **(values | more))


def request(*revisions, do="migrate"):
    document = {
        "do": do, "region": "r", "release": "bbbb0002", "revisions": revisions,
        "database": {"host": "h", "name": "n", "master_secret": "m"},
    }  # fmt: skip
    return parse(json.dumps(document))


A, B, C = revision("1"), revision("2", "backfill", "1"), revision("3", down="2")
X = revision("9", "contract", "3")
WHOLE = bundle(A, B, C, X)


def steps(*arguments):
    return [step.revision.revision for step in decide(*arguments).steps]


def test_what_is_asked_for_and_not_applied_runs_in_order():
    assert steps(WHOLE, request("1", "2", "3"), [row("1")]) == ["2", "3"]
    assert steps(WHOLE, request("1", "2", "3"), [row("1"), row("2", "backfill"), row("3")]) == []


def test_what_was_begun_is_gone_on_with():
    begun = row("1", outcome="running", statements_done=1)
    assert decide(WHOLE, request("1"), [begun]).steps[0].row == begun


def test_going_back_asks_for_nothing_and_nothing_runs():
    assert steps(WHOLE, request(), [row("1"), row("2", "backfill"), row("3")]) == []


def test_going_back_to_a_release_whose_schema_the_database_has_not_is_refused():
    with pytest.raises(
        UnknownRevision, match="the database has not the revision 2, which this release needs"
    ):
        decide(WHOLE, request(), [row("1")])


def test_a_contract_never_runs_before_a_release_nor_pulls_an_expand():
    with pytest.raises(OrderError, match="9 is of the kind contract"):
        steps(WHOLE, request("1", "2", "3", "9"), [])
    with pytest.raises(Gap, match="9 needs 1, which is neither applied nor asked for"):
        steps(WHOLE, request("9", do="contract"), [])
    with pytest.raises(OrderError, match="1 is of the kind expand"):
        steps(WHOLE, request("1", do="contract"), [])
    assert steps(WHOLE, request("9", do="contract"), [row("1"), row("2", "backfill"), row("3")]) == ["9"]


def test_a_changed_checksum_names_both_and_who_applied_it():
    with pytest.raises(ChecksumChanged) as caught:
        decide(WHOLE, request("1", "2", "3"), [row("1", checksum="former")])
    assert "former" in caught.value.expected
    assert "release aaaa0001 (1)" in caught.value.expected
    assert "sum-1" in caught.value.seen


def test_a_checksum_that_changed_counts_even_when_nothing_is_to_run():
    with pytest.raises(ChecksumChanged):
        decide(WHOLE, request(), [row("1", checksum="former")])


def test_one_that_failed_before_it_did_anything_may_be_changed():
    assert steps(WHOLE, request("1"), [row("1", outcome="failed", checksum="former")]) == ["1"]


def test_a_gap_in_the_database_is_named():
    with pytest.raises(Gap, match="3 is applied, and 2, which comes before it, is not"):
        decide(WHOLE, request("1", "2", "3"), [row("1"), row("3")])


def test_a_gap_in_the_request_is_named():
    with pytest.raises(Gap, match="3 needs 2"):
        decide(WHOLE, request("1", "3"), [])


def test_two_heads_in_the_bundle_are_named():
    with pytest.raises(TwoHeads) as caught:
        decide(bundle(A, revision("2", down="1"), revision("3", down="1")), request("1"), [])
    assert caught.value.seen == "2, 3"
    with pytest.raises(TwoHeads):
        decide(bundle(A, revision("2")), request("1"), [])


def test_an_older_release_can_live_with_a_newer_ones_expand():
    decision = decide(bundle(A), request("1"), [row("1"), row("2", release="cccc0003")])
    assert decision.steps == ()
    assert "2 (expand) of release cccc0003 is not in this bundle" in decision.notes[0]


def test_a_newer_ones_expand_beside_one_of_our_own_is_two_heads():
    with pytest.raises(TwoHeads, match="the database has a revision that this bundle hasn't"):
        decide(bundle(A, B), request("1", "2"), [row("1"), row("7")])


@pytest.mark.parametrize("outcome", [{"outcome": "applied"}, {"outcome": "failed", "statements_done": 1}])
def test_an_unknown_contract_is_refused_even_when_nothing_is_to_run(outcome):
    with pytest.raises(UnknownRevision, match="the contract 9, which this release doesn't know"):
        decide(bundle(A), request(), [row("1"), row("9", "contract", **outcome)])


def test_an_unknown_contract_that_did_nothing_is_no_obstacle():
    assert steps(bundle(A), request("1"), [row("9", "contract", outcome="failed")]) == ["1"]


def test_what_the_bundle_does_not_have_cannot_be_asked_for():
    with pytest.raises(UnknownRevision, match="no revision 4"):
        decide(WHOLE, request("4"), [])


def test_another_order_than_the_bundles_is_refused():
    with pytest.raises(OrderError, match="another order"):
        decide(WHOLE, request("2", "1"), [])
