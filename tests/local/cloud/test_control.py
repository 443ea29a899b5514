"""Commands and the daemon understand each other, also when something is wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.control import ControlServer, ask
from localcloud.errors import CloudNotRunning, ControlFailed, UnknownFault


def refuse(_asked: object) -> dict[str, object]:
    raise UnknownFault("there is no such knob.", "Type: localcloud fault list")


def fail(_asked: object) -> dict[str, object]:
    raise KeyError("a bug")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "s"
    running = ControlServer(
        path, {"echo": lambda asked: {"said": asked["word"]}, "refuse": refuse, "fail": fail}
    )
    yield path
    running.close()
    assert not path.exists()


def test_a_request_is_answered_by_its_handler(server: Path) -> None:
    assert ask(server, "echo", word="héllo") == {"said": "héllo"}


def test_a_refusal_arrives_with_its_remedy_and_a_bug_with_its_name(server: Path) -> None:
    with pytest.raises(ControlFailed) as refused:
        ask(server, "refuse")
    assert (refused.value.message, refused.value.remedy) == (
        "there is no such knob.",
        "Type: localcloud fault list",
    )
    with pytest.raises(ControlFailed, match="KeyError"):
        ask(server, "fail")


def test_an_unknown_request_and_garbage_are_answered_and_the_server_lives_on(server: Path) -> None:
    with pytest.raises(ControlFailed, match="does not know 'dance'"):
        ask(server, "dance")
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(server))
        raw.sendall(b"not json\n")
        assert b'"ok": false' in raw.recv(1000)
    assert ask(server, "echo", word="still here") == {"said": "still here"}


def test_only_its_user_may_talk_to_it(server: Path) -> None:
    assert server.stat().st_mode & 0o077 == 0


def test_where_nothing_listens_the_cloud_is_not_running(tmp_path: Path) -> None:
    with pytest.raises(CloudNotRunning, match="localcloud up"):
        ask(tmp_path / "nothing", "status")
    (tmp_path / "stale").touch()
    with pytest.raises(CloudNotRunning):
        ask(tmp_path / "stale", "status")
