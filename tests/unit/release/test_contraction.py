"""When a contract may be applied, whom it overtakes, and that no order of updates gets around that."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release.contraction import contraction, in_the_way, room, wanted_contraction
from release.errors import ContractRefused, LedgerError, PlanError, SchemaOvertaken
from release.ledger import Contract, Ledger, contracted, promote
from release.model import Release
from release.plan import make_plan, render, resolve
from tests.unit.release.releases import manifest, migrating

ONE, TWO, THREE = migrating("1", "e1"), migrating("2", "e1 e2 b3 c4"), migrating("3", "e1 e2 b3 e5 c4")
AT = "2026-01-01T00:00:00Z"


def live_after(*releases: Release, window: int = 1) -> Ledger:
    ledger = Ledger()
    for release in releases:
        ledger = promote(ledger, release, window, AT)
    return ledger


CONTRACTED = contracted(live_after(ONE, TWO, window=0), TWO.id, ["c4"], AT)


def test_a_contract_says_what_runs_whose_logins_close_and_which_way_back_it_ends() -> None:
    plan = make_plan(live_after(ONE, TWO, window=0), None, 1, 2, TWO.id)
    assert render(plan).splitlines() == [
        f"plan: contract the schema to what {TWO} needs",
        f"  1. the database logins of {ONE} are closed, and no session of theirs may be left",
        f"  2. the contract c4 of {TWO} runs on the operations host, while it serves",
        f"  3. this ends the way back to {ONE}, for good",
    ]


def test_a_warm_release_that_lacks_the_contract_is_in_its_way_and_one_that_has_it_is_not() -> None:
    with pytest.raises(
        ContractRefused, match=f"version 1 .{ONE.id}. still needs what c4 takes away"
    ) as caught:
        wanted_contraction(live_after(ONE, TWO), TWO.id)
    assert "release contract" in caught.value.next
    assert wanted_contraction(live_after(TWO, THREE), THREE.id).ends == ()


def test_only_as_many_warm_releases_leave_as_must() -> None:
    ledger = live_after(ONE, TWO, THREE, window=2)
    wanted = contraction(ledger)
    assert in_the_way(ledger, wanted) == (ONE,)
    after = promote(ledger, THREE, room(ledger, wanted), AT)
    assert [entry.release for entry in after.warm] == [TWO]
    assert in_the_way(after, wanted) == ()


@pytest.mark.parametrize("ledger", [Ledger(), live_after(ONE), CONTRACTED])
def test_where_nothing_is_to_be_contracted_it_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ContractRefused, match=r"nothing (is live|is left)"):
        contraction(ledger)


def test_a_contract_that_names_another_release_than_the_live_one_is_refused() -> None:
    with pytest.raises(ContractRefused, match="not what is live"):
        make_plan(live_after(ONE, TWO, window=0), None, 1, 2, ONE.id)
    with pytest.raises(ContractRefused, match="in one update"):
        make_plan(live_after(ONE, TWO, window=0), THREE, 1, 2, TWO.id)


@pytest.mark.parametrize("wish", [f"id:{ONE.id}", "1"])
def test_a_release_that_a_contract_has_overtaken_is_refused_with_who_when_and_what_is_possible(
    wish: str,
) -> None:
    ledger = promote(CONTRACTED, THREE, 1, AT)
    with pytest.raises(SchemaOvertaken, match=r"version 1 .* cannot live with the database") as caught:
        resolve(ledger, wish, lambda version: ONE.manifest, {})
    error = caught.value
    assert error.seen == f"contract c4, applied by {TWO} at {AT}; not in the bundle of {ONE}"
    assert f"{THREE}, {TWO}" in error.expected
    assert f"{THREE} serves as before" in error.state
    assert "release deploy NEW-VERSION" in error.next
    assert f"release rollback --to {TWO.id}" in error.next


def test_what_knows_the_contract_is_a_way_back_before_it_and_after_it() -> None:
    for ledger in (live_after(TWO, THREE), contracted(live_after(TWO, THREE), THREE.id, ["c4"], AT)):
        assert resolve(ledger, f"id:{TWO.id}", manifest, {}) == TWO


def test_a_ledger_with_contracts_comes_back_and_one_without_is_written_as_before() -> None:
    assert Ledger.parse(CONTRACTED.dump()) == CONTRACTED
    assert CONTRACTED.dump()["contracts"] == [{"revision": "c4", "release": TWO.id, "at": AT}]
    assert set(live_after(ONE).dump()) == {"format", "entries"}


@pytest.mark.parametrize(
    "contracts",
    [
        "c4",
        [{"revision": "c4", "release": TWO.id}],
        [{"revision": "c4", "release": TWO.id, "at": AT, "by": "me"}],
        [{"revision": "c4", "release": TWO.id, "at": AT}] * 2,
        [{"revision": "c9", "release": TWO.id, "at": AT}],
    ],
)
def test_contracts_that_cannot_be_true_make_a_ledger_unusable(contracts: object) -> None:
    with pytest.raises(LedgerError):
        Ledger.parse(CONTRACTED.dump() | {"contracts": contracts})


def test_a_contract_keeps_the_moment_and_the_release_that_it_was_first_applied_by() -> None:
    again = contracted(promote(CONTRACTED, THREE, 1, AT), THREE.id, ["c4"], "later")
    assert again.contracts == (Contract(revision="c4", release=TWO.id, at=AT),)


UPDATE = st.tuples(
    st.sampled_from(["release", "back", "contract", "leave"]), st.integers(0, 4), st.integers(0, 3)
)


@settings(max_examples=300)
@given(
    st.lists(st.sets(st.sampled_from(["c1", "c2", "c3"])), min_size=5, max_size=5),
    st.lists(UPDATE, max_size=25),
)
def test_no_order_of_updates_applies_a_contract_while_someone_live_or_warm_lacks_it(
    known: list[set[str]], updates: list[tuple[str, int, int]]
) -> None:
    versions = [migrating(str(n), " ".join(["e1", *sorted(own)])) for n, own in enumerate(known)]
    ledger = Ledger()
    for what, number, window in updates:
        entries = ledger.entries
        try:
            if what in ("contract", "leave"):
                wanted = contraction(ledger)
                if what == "leave":
                    ledger = promote(ledger, wanted.release, room(ledger, wanted), AT)
                plan = make_plan(ledger, None, window, 1, wanted.release.id)
                ledger = contracted(ledger, wanted.release.id, wanted.names, AT)
                ledger = promote(ledger, wanted.release, window, AT)
                assert plan.contraction == wanted
                continue
            wish = str(number) if what == "release" else f"id:{entries[number % len(entries)].release.id}"
            release = resolve(ledger, wish, lambda version: versions[int(version)].manifest, {})
        except (PlanError, ZeroDivisionError):
            continue
        plan = make_plan(ledger, release, window, 1)
        applied = {contract.revision for contract in ledger.contracts}
        for fleet in (*plan.fleets, *plan.leaving):
            assert applied <= {migration.revision for migration in fleet.manifest.migrations}
        assert plan.action != "rollback" or plan.migrations == ()
        if release:
            ledger = promote(ledger, release, window, AT)
