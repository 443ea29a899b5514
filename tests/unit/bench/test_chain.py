"""Which resources made an update last as long as it did."""

from __future__ import annotations

from bench.chain import longest, needs, shown
from bench.printed import Spent


def took(name: str, began: float, ended: float) -> Spent:
    return Spent("t", name, began, ended)


def test_the_chain_goes_back_from_the_last_by_whatever_it_had_to_wait_for_longest() -> None:
    times = [
        took("vpc", 0, 2),
        took("key", 0, 5),
        took("slow alone", 0, 49),
        took("db", 5, 40),
        took("host", 40, 50),
    ]
    times.append(took("component", 0, 60))
    needed = {("t", name): [] for name in ("vpc", "key", "slow alone")}
    needed |= {("t", "host"): [("t", "vpc"), ("t", "db")], ("t", "db"): [("t", "key"), ("t", "vpc")]}
    assert [one.name for one in longest(times, needed)] == ["key", "db", "host"]


def test_what_existed_before_the_update_is_no_part_of_the_chain() -> None:
    assert longest([took("fleet", 0, 3)], {("t", "fleet"): [("t", "vpc")]}) == (took("fleet", 0, 3),)
    assert longest([], {}) == ()


def test_a_state_that_goes_in_circles_ends_nevertheless() -> None:
    times = [took("a", 0, 1), took("b", 0, 2)]
    needed = {("t", "a"): [("t", "b")], ("t", "b"): [("t", "a")]}
    assert [one.name for one in longest(times, needed)] == ["a", "b"]


def test_the_states_types_and_urns_become_what_pulumi_shows() -> None:
    vpc = "urn:pulumi:dev::uneventful::uneventful:infra:Network$aws:ec2/vpc:Vpc::vpc"
    subnet = "urn:pulumi:dev::uneventful::aws:ec2/subnet:Subnet::public-0"
    state = [
        {
            "urn": "urn:pulumi:dev::uneventful::uneventful:infra:Network::network",
            "type": "a:b:C",
            "custom": False,
        },
        {"urn": vpc, "type": "aws:ec2/vpc:Vpc", "custom": True},
        {"urn": subnet, "type": "aws:ec2/subnet:Subnet", "custom": True, "dependencies": [vpc, "urn:gone"]},
    ]
    assert needs(state) == {
        ("aws:ec2:Vpc", "vpc"): (),
        ("aws:ec2:Subnet", "public-0"): (("aws:ec2:Vpc", "vpc"),),
    }
    assert shown("pulumi:pulumi:Stack") == "pulumi:pulumi:Stack"
