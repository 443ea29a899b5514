"""No two stack files may put their environments in one place."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from infra.errors import NeighbourError
from infra.neighbours import Place, check, clash, place_in, places_in

ROOT = Path(__file__).parents[3]


def place(stack: str, cidr: str, *accounts: str) -> Place:
    return Place(stack, accounts, IPv4Network(cidr))


def written(folder: Path, stack: str, text: str) -> None:
    (folder / f"Pulumi.{stack}.yaml").write_text(text)


def test_one_account_with_overlapping_networks_is_refused_before_anything_is_touched() -> None:
    own = place("staging", "10.20.0.0/16", "111122223333")
    with pytest.raises(NeighbourError, match="nothing was touched") as refused:
        check(own, [own, place("production", "10.20.4.0/22", "111122223333")])
    assert (
        "staging and production share account 111122223333 "
        "and overlapping networks 10.20.0.0/16 and 10.20.4.0/22"
    ) in str(refused.value)
    assert "uneventful:network.cidr" in str(refused.value)


def test_every_neighbour_in_the_same_place_is_told() -> None:
    own = place("a", "10.20.0.0/16", "1" * 12)
    with pytest.raises(NeighbourError, match=r"a and b share .* a and c share "):
        check(own, [place(stack, "10.20.0.0/16", "1" * 12) for stack in "abc"])


def test_of_several_accounts_those_that_both_name_are_told() -> None:
    line = clash(
        place("a", "10.20.0.0/16", "3" * 12, "2" * 12, "1" * 12),
        place("b", "10.20.0.0/16", "1" * 12, "2" * 12, "4" * 12),
    )
    assert f"accounts {'1' * 12}, {'2' * 12} and" in line


@pytest.mark.parametrize(
    ("cidr", "account"), [("10.21.0.0/16", "111122223333"), ("10.20.0.0/16", "444455556666")]
)
def test_one_account_alone_and_one_range_alone_are_fine(cidr: str, account: str) -> None:
    check(place("a", "10.20.0.0/16", "111122223333"), [place("b", cidr, account)])


def test_the_committed_stack_files_are_three_places_that_nobody_shares() -> None:
    places, warnings = places_in(ROOT)
    assert [one.stack for one in places] == ["dev", "production", "staging"]
    assert warnings == ()
    for one in places:
        check(one, places)


def test_a_place_is_found_however_it_is_written(tmp_path: Path) -> None:
    account = "aws:allowedAccountIds"
    written(tmp_path, "a", f'config:\n  {account}: ["111122223333"]\n  uneventful:wrong: 1\n')
    written(tmp_path, "b", f"config:\n  {account}: '[\"111122223333\"]'\n  uneventful:network: '{{}}'\n")
    written(tmp_path, "c", f"config:\n  {account}: [111122223333]\n  uneventful:network: {{zones: 3}}\n")
    places, warnings = places_in(tmp_path)
    assert warnings == ()
    assert {(one.account_ids, str(one.cidr)) for one in places} == {(("111122223333",), "10.10.0.0/16")}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "config:\n",
        "config: {\n",
        "- 1\n",
        "config: {aws:allowedAccountIds: 7}\n",
        "config: {uneventful:network: x}",
    ],
)
def test_a_file_that_does_not_say_where_it_is_stops_nobody_but_is_told(tmp_path: Path, text: str) -> None:
    written(tmp_path, "odd", text)
    places, warnings = places_in(tmp_path)
    assert places == ()
    assert warnings[0].startswith("Pulumi.odd.yaml does not say where its environment is")


def test_an_encrypted_place_is_no_place() -> None:
    with pytest.raises(ValueError, match="odd"):
        place_in("odd", {"aws:allowedAccountIds": {"secure": "AAABA"}})
