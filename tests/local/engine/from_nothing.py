"""The real build with empty caches: minutes, so `make engine-from-nothing` runs it and `make test` does not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from localcloud.engine import versions
from localcloud.engine.build import build
from localcloud.engine.places import Cache, is_complete
from localcloud.engine.progress import Progress


def test_an_engine_is_built_from_go_modules_and_tells_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOCACHE", str(tmp_path / "go-build"))
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "go-mod"))
    # Go makes its modules read-only, and then pytest could not remove them.
    monkeypatch.setenv("GOFLAGS", "-modcacherw")
    folder = Cache(tmp_path / "cache").built()
    folder.parent.mkdir(parents=True)
    build(folder, Progress())
    assert is_complete(folder / "bin")
    said = subprocess.run([folder / "bin" / "pulumi", "version"], capture_output=True, text=True, check=True)
    assert versions.parse(said.stdout) == versions.CLI
