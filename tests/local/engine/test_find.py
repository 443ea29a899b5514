"""Finding or getting an engine: every way played, nothing on the network."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest

from localcloud.engine import official, versions
from localcloud.engine.choice import Network, Source, Way
from localcloud.engine.errors import InstallFailed, NoEngine, NoPlugin
from localcloud.engine.find import Means, find_or_get
from localcloud.engine.places import EXECUTABLES, Cache, Clone, is_complete
from localcloud.engine.progress import Progress

ONLINE = Network(True, "get.pulumi.com answers (200)")
OFFLINE = Network(False, "get.pulumi.com is not reachable (no such host)")


def put_engine(folder: Path, version: str = str(versions.CLI)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in EXECUTABLES:
        (folder / name).write_text(f"#!/bin/sh\necho v{version}\n")
        (folder / name).chmod(0o755)


def never(*_: object) -> None:
    pytest.fail("this way must not be taken")


class Machine:
    """A clone, a cache, a PATH with nothing but a shell and what a test puts on it, and what was said."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clone = Clone(folder / "clone")
        self.cache = Cache(folder / "cache")
        self.path = folder / "path"
        self.path.mkdir()
        self.stream = io.StringIO()
        monkeypatch.setenv("PATH", str(self.path))
        monkeypatch.setenv("HOME", str(folder / "home"))
        monkeypatch.delenv("PULUMI_HOME", raising=False)

    def put_go(self, version: str) -> None:
        (self.path / "go").write_text(f"#!/bin/sh\necho go{version}\n")
        (self.path / "go").chmod(0o755)

    def get(self, means: Means, again: bool = False):  # type: ignore[no-untyped-def]
        return find_or_get(self.clone, self.cache, Progress(self.stream), means, again)

    @property
    def said(self) -> str:
        return self.stream.getvalue()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def means(network: Network = OFFLINE, **others: object) -> Means:
    parts = {"install": never, "build": never, "require_parts": lambda: "terraform-provider-aws 5.100.0"}
    return Means(probe=lambda: network, **{**parts, **others})  # type: ignore[arg-type]


def test_a_recent_pulumi_on_path_is_used_and_brings_its_own_plugins_where_it_can(machine: Machine) -> None:
    put_engine(machine.path, "3.300.0")
    engine = machine.get(means(ONLINE))
    assert (engine.way, engine.version, engine.binaries) == (Way.PATH, "3.300.0", machine.path)
    assert engine.plugins is Source.OFFICIAL
    assert not machine.clone.home.exists()


def test_where_the_network_says_no_the_engine_is_built_and_stand_ins_are_placed(machine: Machine) -> None:
    machine.put_go("1.26.8")
    engine = machine.get(means(build=lambda folder, _: put_engine(folder / "bin")))
    assert engine.way is Way.BUILD
    assert engine.plugins is Source.STAND_INS
    for plugin in versions.plugins():
        script = machine.clone.home / "plugins" / f"resource-{plugin.name}-v{plugin.version}"
        text = (script / f"pulumi-resource-{plugin.name}").read_text()
        assert f"{machine.clone.root}/.venv/bin/python -P -m localcloud.engine.{plugin.name}" in text
    for words in ("no such host", "for this machine only", "terraform-provider-aws 5.100.0", "Go 1.26.8"):
        assert words in machine.said


def test_another_clone_takes_what_the_first_built(machine: Machine, tmp_path: Path) -> None:
    machine.put_go("1.26.8")
    machine.get(means(build=lambda folder, _: put_engine(folder / "bin")))
    other = find_or_get(Clone(tmp_path / "other"), machine.cache, Progress(machine.stream), means())
    assert other.way is Way.BUILT


def test_what_was_found_holds_without_another_look_until_it_is_gone(machine: Machine) -> None:
    put_engine(machine.path)
    machine.get(means(ONLINE))

    def unasked() -> Network:
        pytest.fail("the network was asked again")

    assert machine.get(Means(probe=unasked, install=never, build=never)).way is Way.PATH
    (machine.path / "pulumi").unlink()
    with pytest.raises(NoEngine):
        machine.get(means())


def test_it_is_decided_again_when_asked_or_when_the_sdk_changed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_engine(machine.path)
    assert machine.get(means(OFFLINE)).plugins is Source.STAND_INS
    assert machine.get(means(ONLINE)).plugins is Source.STAND_INS
    assert machine.get(means(ONLINE), again=True).plugins is Source.OFFICIAL
    monkeypatch.setattr(versions, "plugins", lambda: (versions.Plugin("aws", "7.99.0"),))
    assert machine.get(means(OFFLINE)).plugins is Source.STAND_INS
    assert (machine.clone.home / "plugins" / "resource-aws-v7.99.0").is_dir()


def test_an_installer_that_fails_leaves_the_build(machine: Machine) -> None:
    machine.put_go("1.26.8")

    def install(folder: Path, version: str, progress: Progress) -> None:
        raise InstallFailed("the installer ended with status 22: 403")

    engine = machine.get(means(ONLINE, install=install, build=lambda folder, _: put_engine(folder / "bin")))
    assert engine.way is Way.BUILD
    assert "ended with status 22: 403" in machine.said


def test_without_the_parts_of_the_stand_ins_nothing_is_recorded(machine: Machine) -> None:
    put_engine(machine.path)

    def missing() -> str:
        raise NoPlugin("no Terraform AWS provider")

    with pytest.raises(NoPlugin):
        machine.get(means(require_parts=missing))
    assert not machine.clone.record.exists()


def test_the_official_installer_brings_all_or_nothing(tmp_path: Path) -> None:
    folder, progress = tmp_path / "official-1.2.3", Progress(io.StringIO())

    def fails_half_way(root: Path, version: str) -> None:
        put_engine(root / "bin")
        raise subprocess.CalledProcessError(22, ["install.sh"], output=b"=> Downloading\ncurl: (22) 403\n")

    with pytest.raises(InstallFailed, match=r"status 22: curl: \(22\) 403"):
        official.install(folder, "1.2.3", progress, fails_half_way)
    assert not folder.exists()
    official.install(folder, "1.2.3", progress, lambda root, _: put_engine(root / "bin"))
    assert is_complete(folder / "bin")
    assert [path.name for path in tmp_path.iterdir()] == ["official-1.2.3"]


def test_a_cache_folder_that_is_not_absolute_counts_as_not_set(tmp_path: Path) -> None:
    assert (
        Cache.of_user({"XDG_CACHE_HOME": "cache"}, tmp_path).folder == tmp_path / ".cache/uneventful/engine"
    )
    assert Cache.of_user({"XDG_CACHE_HOME": "/c"}, tmp_path).folder == Path("/c/uneventful/engine")
