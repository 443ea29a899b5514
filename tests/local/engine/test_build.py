"""The build from Go modules, with a played `go`: all or nothing, resumable, and told while it runs."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.engine import versions
from localcloud.engine.build import MODULES, TARGETS, build, environment, guess
from localcloud.engine.errors import BuildFailed
from localcloud.engine.places import EXECUTABLES, is_complete
from localcloud.engine.progress import Progress
from localcloud.engine.running import Ended

Told = Callable[[str], None]


class PlayedGo:
    """Does what `go` would: lists stale packages, writes executables, knows the SDK's folder."""

    def __init__(self, sdk: Path) -> None:
        self.sdk = sdk
        self.commands: list[tuple[str, ...]] = []
        self.fail: str = ""
        self.interrupt: str = ""
        for name in ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"):
            (sdk / name).parent.mkdir(parents=True)
            (sdk / name).write_text("#!/bin/sh\n")

    def __call__(self, command: list[str], folder: Path, line: Told, tick: Callable[[], None]) -> Ended:
        assert (folder / "go.mod").exists()
        self.commands.append(tuple(command))
        package = command[-1]
        if "build" in command and package.endswith(self.interrupt or "nothing"):
            raise KeyboardInterrupt
        if "build" in command and package.endswith(self.fail or "nothing"):
            return Ended(1, "", ("go: downloading x v1", "x.go:1: undefined: y"))
        if "-m" in command:
            return Ended(0, f"{self.sdk}\n", ())
        if "-deps" in command:
            line("go: downloading x v1")
            return Ended(0, "net/http\ngithub.com/a\ngithub.com/b\n", ())
        standard = () if any("build" in former for former in self.commands[:-1]) else ("net/http",)
        for text in (*standard, "go: downloading z v2", "# remark", "github.com/a", "github.com/b"):
            line(text)
            tick()
        executable = Path(command[command.index("-o") + 1]) / package.rpartition("/")[2]
        executable.touch(0o755)
        return Ended(0, "", ())


@pytest.fixture
def go(tmp_path: Path) -> PlayedGo:
    return PlayedGo(tmp_path / "sdk")


@pytest.fixture
def progress() -> Progress:
    return Progress(io.StringIO())


def test_a_build_has_every_executable(tmp_path: Path, go: PlayedGo, progress: Progress) -> None:
    build(tmp_path / "engine", progress, run=go)
    assert sorted(path.name for path in (tmp_path / "engine" / "bin").iterdir()) == sorted(EXECUTABLES)
    assert is_complete(tmp_path / "engine" / "bin")


@pytest.mark.parametrize("program", ["pulumi-language-python", "cmd/pulumi"])
def test_after_a_failure_there_is_nothing_to_believe_in_and_the_error_has_go_s_own_words(
    tmp_path: Path, go: PlayedGo, progress: Progress, program: str
) -> None:
    go.fail = program
    with pytest.raises(BuildFailed, match="undefined: y") as failed:
        build(tmp_path / "engine", progress, run=go)
    assert "downloading" not in str(failed.value)
    assert not (tmp_path / "engine").exists()


def test_after_an_interrupt_the_same_command_completes(
    tmp_path: Path, go: PlayedGo, progress: Progress
) -> None:
    go.interrupt = "cmd/pulumi"
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "engine", progress, run=go)
    assert not (tmp_path / "engine").exists()
    go.interrupt = ""
    build(tmp_path / "engine", progress, run=go)
    assert is_complete(tmp_path / "engine" / "bin")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["engine", "sdk"]


def test_half_an_engine_is_replaced(tmp_path: Path, go: PlayedGo, progress: Progress) -> None:
    (tmp_path / "engine" / "bin").mkdir(parents=True)
    (tmp_path / "engine" / "bin" / "pulumi").touch(0o755)
    assert not is_complete(tmp_path / "engine" / "bin")
    build(tmp_path / "engine", progress, run=go)
    assert is_complete(tmp_path / "engine" / "bin")


def test_the_count_is_of_packages_compiled_and_not_of_go_s_remarks(tmp_path: Path, go: PlayedGo) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    build(tmp_path / "engine", Progress(stream), run=go)
    shown = [tuple(map(int, found)) for found in re.findall(r"(\d+) of (\d+) packages", stream.getvalue())]
    assert {total for _, total in shown} == {5}
    assert shown == sorted(shown)
    assert shown[-1] == (5, 5)


def test_the_modules_are_tidy_enough_to_be_built_as_they_are(tmp_path: Path, go: PlayedGo) -> None:
    build(tmp_path / "engine", Progress(io.StringIO()), run=go)
    builds = [command for command in go.commands if "build" in command or "-deps" in command]
    assert all("-mod=readonly" in command for command in builds)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.module)
def test_the_version_that_is_told_is_the_version_that_is_pinned(target: object) -> None:
    pinned = {
        "cli": f"github.com/pulumi/pulumi/pkg/v3 v{versions.CLI}",
        "language": f"github.com/pulumi/pulumi/sdk/v3 v{versions.LANGUAGE_HOST}",
    }
    module = target.module  # type: ignore[attr-defined]
    assert f"require {pinned[module]}\n" in (MODULES / module / "go.mod").read_text()
    assert f"v{versions.CLI}" in pinned["cli"]


def test_nothing_in_the_environment_makes_go_build_for_another_machine() -> None:
    environ = environment({"GOOS": "windows", "GOARCH": "arm", "GOPROXY": "https://proxy", "HOME": "/h"})
    assert environ == {"GOPROXY": "https://proxy", "HOME": "/h", "CGO_ENABLED": "0", "GOWORK": "off"}


def test_a_guess_is_made_only_when_there_is_something_to_guess_from() -> None:
    assert guess(2.0, 100, 1000) == ""
    assert guess(60.0, 5, 1000) == ""
    assert guess(60.0, 500, 1000) == ", about 60 s more"
    assert guess(100.0, 100, 1000) == ", about 15 min more"
    assert guess(300.0, 1000, 1000) == ", linking"
