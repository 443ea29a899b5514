"""Where the stores go: into the checkout if they can live there, and nothing of anybody's is opened for them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from localcloud.errors import PartFailed
from localcloud.stores import place as places
from localcloud.stores.cluster import INSTALLED
from localcloud.stores.place import Account, Place, find_place, programs

ME = os.geteuid()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for what does not fit, both for root and for others."""
    folder = tmp_path / "all"
    folder.mkdir()
    monkeypatch.setattr(places, "FOR_ALL", folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def test_a_checkout_whose_path_is_too_long_for_a_socket_has_a_link_to_where_its_stores_are(
    tmp_path: Path, elsewhere: Path
) -> None:
    usual = tmp_path / ("deep-" * 15) / "stores"
    found = find_place(usual, "0123456789abcdef0123")
    assert found.root.is_relative_to(elsewhere)
    assert usual.readlink() == found.root
    (found.root / "databases").mkdir()
    assert find_place(usual, "0123456789abcdef0123") == found
    assert (found.root / "databases").exists()


def test_what_a_checkout_that_was_removed_by_hand_left_elsewhere_is_not_taken_for_the_new_ones(
    tmp_path: Path, elsewhere: Path
) -> None:
    usual = tmp_path / ("deep-" * 15) / "stores"
    found = find_place(usual, "0123456789abcdef0123")
    (found.root / "databases").mkdir()
    usual.unlink()
    assert not (find_place(usual, "0123456789abcdef0123").root / "databases").exists()


def test_somebody_elses_folder_in_the_place_is_refused(tmp_path: Path, elsewhere: Path) -> None:
    usual = tmp_path / ("deep-" * 15) / "stores"
    found = find_place(usual, "0123456789abcdef0123")
    usual.unlink()
    found.root.rename(tmp_path / "moved")
    found.root.symlink_to(tmp_path / "moved")
    with pytest.raises(PartFailed, match="should be a folder of user"):
        find_place(usual, "0123456789abcdef0123")


@pytest.mark.skipif(ME != 0, reason="only root runs servers as somebody else")
def test_for_root_a_closed_folder_above_the_checkout_stays_closed(elsewhere: Path) -> None:
    closed = elsewhere / "c"
    closed.mkdir(mode=0o700)
    usual = closed / "s"
    assert find_place(usual, "0123456789abcdef").root != usual
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_programs_that_others_cannot_reach_are_copied_with_their_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "open_to_all", lambda _path: False)
    copied = programs(INSTALLED, Place(tmp_path, Account(ME, os.getegid())))
    assert copied.is_relative_to(tmp_path)
    assert os.access(copied / "postgres", os.X_OK)
    assert list(tmp_path.glob("programs/*.libs/libpq*"))
    assert programs(INSTALLED, Place(tmp_path, None)) == INSTALLED / "bin"
