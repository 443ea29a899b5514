"""What an auto-scaling group does next."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.controlplane.replacement import Decision, Group, Member, decide

TWO = (Member("i-old", age=100), Member("i-new", age=10))
GROUP = Group("web", desired=2, grace=60, checked_by="ELB", members=TWO)


def test_a_group_that_has_what_it_wants_does_nothing() -> None:
    assert decide(GROUP) == Decision()


def test_a_dead_machine_is_replaced_in_the_same_step() -> None:
    decision = decide(replace(GROUP, members=(TWO[0], replace(TWO[1], alive=False))))
    assert [instance for instance, _ in decision.lost] == ["i-new"]
    assert decision.launch == 1


@pytest.mark.parametrize(("age", "lost"), [(59.9, 0), (60.0, 1)])
def test_the_load_balancers_opinion_counts_only_after_the_grace_period(age: float, lost: int) -> None:
    decision = decide(replace(GROUP, members=(TWO[0], replace(TWO[1], serving=False, age=age))))
    assert len(decision.lost) == lost == decision.launch


def test_a_group_that_is_checked_by_ec2_does_not_ask_the_load_balancer() -> None:
    members = tuple(replace(member, serving=False) for member in TWO)
    assert decide(replace(GROUP, checked_by="EC2", members=members)) == Decision()


def test_no_opinion_of_the_load_balancer_is_not_a_bad_one() -> None:
    assert decide(replace(GROUP, members=(TWO[0], replace(TWO[1], serving=None, age=1000)))) == Decision()


def test_the_oldest_that_is_not_protected_is_retired() -> None:
    assert decide(replace(GROUP, desired=1)).retired == ("i-old",)
    protected = (replace(TWO[0], protected=True), TWO[1])
    assert decide(replace(GROUP, desired=1, members=protected)).retired == ("i-new",)


@pytest.mark.parametrize(
    ("process", "group"),
    [
        ("Launch", replace(GROUP, desired=3)),
        ("Terminate", replace(GROUP, desired=1)),
        ("ReplaceUnhealthy", replace(GROUP, members=(TWO[0], replace(TWO[1], alive=False)))),
    ],
)
def test_a_suspended_process_is_left_undone(process: str, group: Group) -> None:
    assert decide(group) != Decision()
    assert decide(replace(group, suspended=frozenset({process}))) == Decision()


members = st.lists(
    st.builds(
        Member,
        instance_id=st.uuids().map(str),
        age=st.floats(0, 500),
        alive=st.booleans(),
        serving=st.sampled_from([None, True, False]),
        marked=st.booleans(),
        protected=st.just(False),
    ),
    max_size=8,
)


@given(members, st.integers(0, 8), st.floats(0, 300))
def test_any_group_ends_with_what_it_wants_and_keeps_no_lost_instance(
    found: list[Member], desired: int, grace: float
) -> None:
    decision = decide(Group("web", desired, grace, "ELB", tuple(found)))
    lost = {instance for instance, _ in decision.lost}
    assert not lost & set(decision.retired)
    assert len(found) - len(lost) - len(decision.retired) + decision.launch == desired
    assert {member.instance_id for member in found if not member.alive} <= lost
