"""Address blocks: what exists never moves when an environment grows."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from infra.environment import choose_zones
from infra.errors import ZonesError
from infra.network import layout


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "172.16.0.0/20", "192.168.4.0/22"])
def test_no_two_subnets_overlap_and_all_are_inside(cidr: str) -> None:
    whole = IPv4Network(cidr)
    blocks = [block for zone in layout(whole, 3) for block in (zone.public, zone.private)]
    assert all(block.subnet_of(whole) for block in blocks)
    assert not any(a.overlaps(b) for n, a in enumerate(blocks) for b in blocks[n + 1 :])


def test_every_block_has_room_for_a_load_balancer() -> None:
    # A subnet of a load balancer needs a /27 at least ("Subnets for your load balancer", ELB guide).
    smallest = IPv4Network("192.168.4.0/22")
    assert all(zone.public.prefixlen <= 27 for zone in layout(smallest, 3))


def test_a_third_zone_leaves_the_first_two_where_they_are() -> None:
    whole = IPv4Network("10.0.0.0/16")
    assert layout(whole, 3)[:2] == layout(whole, 2)


def test_zones_are_chosen_by_name_whatever_the_order_of_the_answer() -> None:
    assert choose_zones(["eu-west-1c", "eu-west-1a", "eu-west-1b"], 2, "eu-west-1") == (
        "eu-west-1a",
        "eu-west-1b",
    )


def test_too_few_zones_are_refused_with_the_number() -> None:
    with pytest.raises(ZonesError, match=r"seen: +2 in eu-south-9: a, b"):
        choose_zones(["b", "a"], 3, "eu-south-9")
