from __future__ import annotations

import pytest

from localcloud.engine.command.inputs import LOCAL, REMOTE, faults, parse


def test_an_input_that_cannot_be_carried_is_refused_by_name() -> None:
    found = dict(faults(LOCAL, {"create": "true", "assetPaths": ["*"], "archivePaths": ["*"]}))
    assert set(found) == {"assetPaths", "archivePaths"}
    assert "official plugin" in found["assetPaths"]


def test_a_remote_command_without_a_host_is_refused() -> None:
    assert dict(faults(REMOTE, {"create": "true"})) == {"connection": "a remote command needs a connection"}
    assert "connection.host" in dict(faults(REMOTE, {"connection": {"port": 22}}))


def test_a_misspelt_connection_input_is_refused_by_its_path() -> None:
    found = dict(
        faults(REMOTE, {"connection": {"host": "a", "hostkey": "x", "proxy": {"host": "b", "prot": 1}}})
    )
    assert set(found) == {"connection.hostkey", "proxy.prot"}


@pytest.mark.parametrize("logging", ["all", "", "STDOUT"])
def test_a_logging_that_does_not_exist_is_refused_with_those_that_do(logging: str) -> None:
    assert "stdoutAndStderr" in dict(faults(LOCAL, {"logging": logging}))["logging"]


def test_the_defaults_are_those_of_the_official_plugin() -> None:
    command = parse(REMOTE, {"connection": {"host": "a"}})
    assert command.connection is not None
    assert (command.connection.port, command.connection.user) == (22, "root")
    assert (command.connection.dial_error_limit, command.connection.per_dial_timeout) == (10, 15)
    assert command.previous_output
    assert command.shows_stdout
    assert command.shows_stderr


def test_numbers_arrive_as_floats_and_are_read_as_whole() -> None:
    command = parse(REMOTE, {"connection": {"host": "a", "port": 2222.0, "dialErrorLimit": -1.0}})
    assert command.connection is not None
    assert (command.connection.port, command.connection.dial_error_limit) == (2222, -1)
