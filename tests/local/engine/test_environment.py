"""The variables with which `pulumi` works on the local stacks."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.engine import record
from localcloud.engine.choice import Source, Way
from localcloud.engine.environment import in_front, passphrase, variables
from localcloud.engine.places import Clone
from localcloud.engine.record import Engine


@pytest.fixture
def binaries(tmp_path: Path) -> Path:
    folder = tmp_path / "cache" / "bin"
    folder.mkdir(parents=True)
    (folder / "pulumi").touch(0o755)
    return folder


def engine(binaries: Path, plugins: Source) -> Engine:
    return Engine(binaries, "3.259.0", Way.BUILT, "it is there", plugins, "because", ("aws 7.51.1",))


def test_the_virtual_environment_comes_before_the_engine_and_the_engine_before_the_rest(
    tmp_path: Path, binaries: Path
) -> None:
    record.save(Clone(tmp_path), engine(binaries, Source.OFFICIAL))
    path = variables(tmp_path, {"PATH": f"/usr/bin:{binaries}:/bin"})["PATH"]
    assert path == f"{tmp_path}/.venv/bin:{binaries}:/usr/bin:/bin"


def test_applying_them_twice_changes_nothing(tmp_path: Path, binaries: Path) -> None:
    record.save(Clone(tmp_path), engine(binaries, Source.STAND_INS))
    once = variables(tmp_path, {"PATH": "/bin"})
    assert variables(tmp_path, {"PATH": "/bin", **once}) == once


def test_pulumi_gets_a_home_of_its_own_only_with_stand_ins(tmp_path: Path, binaries: Path) -> None:
    record.save(Clone(tmp_path), engine(binaries, Source.OFFICIAL))
    assert "PULUMI_HOME" not in variables(tmp_path, {})
    record.save(Clone(tmp_path), engine(binaries, Source.STAND_INS))
    assert variables(tmp_path, {})["PULUMI_HOME"] == str(tmp_path / ".uneventful" / "engine" / "home")


def test_the_backend_is_a_folder_that_exists(tmp_path: Path) -> None:
    url = variables(tmp_path, {})["PULUMI_BACKEND_URL"]
    assert url == f"file://{tmp_path.resolve()}/.uneventful/pulumi"
    assert Path(url.removeprefix("file://")).is_dir()


def test_a_cloud_with_a_home_of_its_own_has_its_state_there_and_the_same_passphrase(tmp_path: Path) -> None:
    usual = variables(tmp_path / "clone", {})
    other = variables(tmp_path / "clone", {"UNEVENTFUL_HOME": str(tmp_path / "other")})
    assert other["PULUMI_BACKEND_URL"] == f"file://{tmp_path.resolve()}/other/pulumi"
    assert other["PULUMI_CONFIG_PASSPHRASE"] == usual["PULUMI_CONFIG_PASSPHRASE"]


def test_an_engine_that_is_gone_is_not_on_path(tmp_path: Path, binaries: Path) -> None:
    record.save(Clone(tmp_path), engine(binaries, Source.OFFICIAL))
    (binaries / "pulumi").unlink()
    assert str(binaries) not in variables(tmp_path, {"PATH": "/bin"})["PATH"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"binaries": "/x"}'])
def test_a_record_that_is_none_counts_as_none(tmp_path: Path, text: str) -> None:
    clone = Clone(tmp_path)
    clone.record.parent.mkdir(parents=True)
    clone.record.write_text(text)
    assert record.load(clone) is None


def test_two_clones_have_different_passphrases_and_nobody_else_reads_them(tmp_path: Path) -> None:
    first = variables(tmp_path / "1", {})["PULUMI_CONFIG_PASSPHRASE"]
    second = variables(tmp_path / "2", {})["PULUMI_CONFIG_PASSPHRASE"]
    assert first != second
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "1" / ".uneventful" / "passphrase").stat().st_mode) == 0o600


def test_commands_at_the_same_time_agree_on_one_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "state" / "passphrase"
    code = (
        "import sys; from pathlib import Path; from localcloud.engine.environment import passphrase\n"
        "sys.stdin.read(); print(passphrase(Path(sys.argv[1])))"
    )
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for command in commands:
        assert command.stdin is not None
        command.stdin.close()
        command.stdin = None
    said = {command.communicate()[0].strip() for command in commands}
    assert said == {passphrase(path)}
    assert [entry.name for entry in path.parent.iterdir()] == ["passphrase"]


def test_path_has_each_folder_once() -> None:
    assert in_front(["/a", "/b"], "/c:/b:/d:/a") == "/a:/b:/c:/d"
