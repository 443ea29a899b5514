"""Which plugins count as installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from localcloud.engine.places import Clone
from localcloud.engine.plugins import installed, place
from localcloud.engine.versions import Plugin

AWS = Plugin("aws", "7.51.1")


def put(home: Path, plugin: Plugin) -> Path:
    path = home / "plugins" / plugin.folder / plugin.executable
    path.parent.mkdir(parents=True)
    path.touch(0o755)
    return path


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone with a blank")


def test_a_plugin_in_the_user_s_pulumi_home_is_installed(tmp_path: Path, clone: Clone) -> None:
    put(tmp_path / ".pulumi", AWS)
    assert installed(clone, {}, tmp_path) == {AWS}
    put(tmp_path / "other", Plugin("random", "4.0.0-rc.1"))
    assert installed(clone, {"PULUMI_HOME": str(tmp_path / "other")}, tmp_path) == {
        Plugin("random", "4.0.0-rc.1")
    }


def test_one_that_was_not_completely_installed_does_not_count(tmp_path: Path, clone: Clone) -> None:
    path = put(tmp_path / ".pulumi", AWS)
    partial = path.parent.with_name(f"{path.parent.name}.partial")
    partial.touch()
    assert not installed(clone, {}, tmp_path)
    partial.unlink()
    path.chmod(0o644)
    assert not installed(clone, {}, tmp_path)


def test_stand_ins_are_never_taken_for_official_plugins(tmp_path: Path, clone: Clone) -> None:
    place(clone, (AWS,))
    assert not installed(clone, {"PULUMI_HOME": str(clone.home)}, tmp_path)


def test_a_stand_in_is_run_by_a_shell_from_any_folder(clone: Clone, tmp_path: Path) -> None:
    place(clone, (AWS,))
    clone.python.parent.mkdir(parents=True)
    clone.python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    clone.python.chmod(0o755)
    script = clone.home / "plugins" / AWS.folder / AWS.executable
    said = subprocess.run([script, "127.0.0.1:1", "a b"], cwd="/", capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["-P", "-m", "localcloud.engine.aws", "127.0.0.1:1", "a b"]
