"""The file in which a cloud keeps what it held, and when it is written."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.errors import NotUsable
from localcloud.kept import Contents, KeptFile, Label, check, told
from localcloud.location import Location
from localcloud.saving import Rhythm

LABEL = Label(Location(), "http://127.0.0.1:12345", "127.1.2", ("i-1", "i-2"), ended=True, saved=1000.0)


def test_what_was_written_is_read_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    file = KeptFile(tmp_path / "kept")
    assert file.label() is None
    for state in (b"first\nsecond\n", b""):
        file.write(LABEL, Contents(state))
        assert (file.label(), file.state()) == (LABEL, state)
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == ["kept", "kept.bodies"]


def test_a_body_is_written_once_is_its_users_alone_and_goes_with_the_last_state_that_needs_it(
    tmp_path: Path,
) -> None:
    file, bodies = KeptFile(tmp_path / "kept"), tmp_path / "kept.bodies"
    assert file.bodies() == frozenset()
    file.write(LABEL, Contents(b"1", frozenset({"a", "b"}), {"a": b"body a", "b": b"body b"}))
    written = (bodies / "b").stat().st_mtime_ns
    file.write(LABEL, Contents(b"2", frozenset({"b", "c"}), {"c": b"body c"}))
    assert {name: file.body(name) for name in file.bodies()} == {"b": b"body b", "c": b"body c"}
    assert (bodies / "b").stat().st_mtime_ns == written
    assert [stat.S_IMODE(path.stat().st_mode) for path in (bodies, bodies / "c")] == [0o700, 0o600]
    file.forget()
    assert list(tmp_path.iterdir()) == []


def test_a_body_that_was_being_written_when_its_daemon_was_killed_is_not_taken_for_one(
    tmp_path: Path,
) -> None:
    file = KeptFile(tmp_path / "kept")
    file.write(LABEL, Contents(b"1"))
    (tmp_path / "kept.bodies" / "a.new").write_bytes(b"body")
    assert file.bodies() == frozenset()
    (tmp_path / "kept.bodies" / "b.new").write_bytes(b"body")
    file.write(LABEL, Contents(b"2", frozenset({"a"}), {"a": b"body a"}))
    assert file.body("a") == b"body a"
    assert [path.name for path in (tmp_path / "kept.bodies").iterdir()] == ["a"]


@pytest.mark.parametrize("mode", [0o620, 0o606, 0o644])
def test_a_file_that_others_could_have_written_or_read_is_not_unpickled(tmp_path: Path, mode: int) -> None:
    file = KeptFile(tmp_path / "kept")
    file.write(LABEL, Contents(b""))
    (tmp_path / "kept").chmod(mode)
    with pytest.raises(NotUsable, match="others than its user"):
        file.label()


@pytest.mark.parametrize("line", [b"", b"\n", b"{}\n", b"[]\n", b'{"format": 1}\n', b"\x80\x05\n"])
def test_a_file_of_something_else_is_told_of(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "kept").write_bytes(line)
    (tmp_path / "kept").chmod(0o600)
    with pytest.raises(NotUsable, match="not what a local cloud writes"):
        KeptFile(tmp_path / "kept").label()


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (replace(LABEL, format=0), "of format 0"),
        (replace(LABEL, moto="5.2.4"), "of moto 5.2.4"),
        (replace(LABEL, python="3.10"), "of Python 3.10"),
        (replace(LABEL, location=Location("111122223333")), "of account 111122223333"),
        (replace(LABEL, location=Location(region="eu-west-2")), "of region eu-west-2"),
    ],
)
def test_what_another_program_or_account_kept_is_of_no_use(label: Label, said: str) -> None:
    check(LABEL, Location())
    with pytest.raises(NotUsable, match=said):
        check(label, Location())


def test_of_a_daemon_that_was_killed_it_is_said_how_old_that_is_which_is_gone_on_with() -> None:
    assert "when it was stopped" in told(LABEL, 1025.0)
    killed = told(replace(LABEL, ended=False), 1025.0)
    assert "killed" in killed
    assert "25 s ago" in killed
    assert "pulumi refresh" in killed


def test_it_is_saved_when_all_is_quiet_and_not_too_rarely_while_it_is_not() -> None:
    now = 0.0
    rhythm, saved = Rhythm(lambda: now), list[float]()
    # A burst at the beginning, one change at 45 s, without an end from 100 s to 200 s.
    for now in range(300):
        changes = min(now, 5) + (now >= 45) + max(0, min(now, 200) - 100)
        if rhythm.due(changes):
            rhythm.saved()
            saved.append(now)
    assert saved == [15, 55, 131, 162, 193, 223]


def test_nothing_is_saved_where_nothing_changes() -> None:
    now = 0.0
    rhythm = Rhythm(lambda: now)
    rhythm.saved()
    assert not any(rhythm.due(None) for now in range(100))
