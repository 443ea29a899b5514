"""Addresses of 127/8: one's own, free, and never everybody's."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.addresses import PER_SLICE, AddressPool, slice_prefix
from localcloud.errors import AddressesUsedUp


@given(st.integers(min_value=0, max_value=2**32))
def test_no_slice_touches_the_addresses_that_everybody_uses(number: int) -> None:
    first, second, third = (int(part) for part in slice_prefix(number).split("."))
    assert first == 127
    assert 1 <= second <= 254
    assert 0 <= third <= 255


def test_two_checkouts_get_different_addresses_and_the_same_checkout_the_same_ones(tmp_path: Path) -> None:
    one, other = AddressPool(tmp_path / "one"), AddressPool(tmp_path / "other")
    first = [one.take("a"), one.take("b")]
    assert len({*first, other.take("a"), other.take("b")}) == 4
    one.close()
    other.close()
    again = AddressPool(tmp_path / "one")
    assert [again.take("a"), again.take("b")] == first
    again.close()


def test_two_clouds_whose_paths_fall_on_one_slice_share_no_address(tmp_path: Path) -> None:
    one, same = AddressPool(tmp_path), AddressPool(tmp_path)
    assert one.prefix != same.prefix
    one.close()
    same.close()


def test_a_slice_is_free_again_when_its_process_was_killed(tmp_path: Path) -> None:
    hold = (
        "import pathlib, time\n"
        "from localcloud.addresses import AddressPool\n"
        f"pool = AddressPool(pathlib.Path({str(tmp_path)!r}))\n"
        "print(pool.prefix, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    prefix = holder.stdout.readline().strip()
    beside = AddressPool(tmp_path)
    assert beside.prefix != prefix
    beside.close()
    holder.kill()
    holder.wait()
    holder.stdout.close()
    after = AddressPool(tmp_path)
    assert after.prefix == prefix
    after.close()


def test_an_address_that_something_listens_on_is_passed_over(tmp_path: Path) -> None:
    pool = AddressPool(tmp_path)
    with socket.socket() as taken:
        taken.bind((f"{pool.prefix}.1", 0))
        taken.listen()
        assert pool.take("a") == f"{pool.prefix}.2"
    pool.close()


def test_a_released_address_comes_last_and_none_is_given_out_twice(tmp_path: Path) -> None:
    pool = AddressPool(tmp_path)
    first = pool.take("first")
    pool.release(first)
    taken = [pool.take(str(number)) for number in range(PER_SLICE)]
    assert len(set(taken)) == PER_SLICE
    assert taken[-1] == first
    with pytest.raises(AddressesUsedUp, match="one-too-many"):
        pool.take("one-too-many")
    pool.close()
