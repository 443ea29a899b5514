"""Reading Pulumi's own files: the state as `pulumi stack export` tells it, and who has locked the stack."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from release.cli.backend import find, is_here, lives

STATE = {"version": 3, "checkpoint": {"latest": {"manifest": {"time": "then"}, "resources": []}}}


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    folder = tmp_path / ".pulumi" / "stacks" / "shop"
    folder.mkdir(parents=True)
    return folder


def exported(tmp_path: Path):
    backend = find(tmp_path, "organization/shop/dev")
    assert backend
    return backend.exported()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("more", [{}, {"version": 4, "features": ["refreshBeforeUpdate"]}])
def test_the_state_is_read_as_it_is_exported(
    stacks: Path, tmp_path: Path, packed: bool, more: dict[str, object]
) -> None:
    text = json.dumps(STATE | more).encode()
    (stacks / ("dev.json.gz" if packed else "dev.json")).write_bytes(gzip.compress(text) if packed else text)
    assert exported(tmp_path) == {"deployment": STATE["checkpoint"]["latest"]}


@pytest.mark.parametrize("text", ['{"version": 3, "check', '{"version": 5, "checkpoint": {}}', None])
def test_what_is_half_written_unknown_or_not_there_is_left_to_pulumi(
    stacks: Path, tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (stacks / "dev.json").write_text(text)
    assert exported(tmp_path) is None


def test_a_backend_of_pulumis_own_is_left_to_pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://api.pulumi.com")
    assert find(tmp_path, "dev") is None


def test_locks_of_the_stack_are_told_with_whether_their_process_lives(stacks: Path, tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for stack, pid, host in (
        ("dev", ended.pid, os.uname().nodename),
        ("dev", 1, "elsewhere"),
        ("staging", ended.pid, os.uname().nodename),
    ):
        folder = tmp_path / ".pulumi" / "locks" / "organization" / "shop" / stack
        folder.mkdir(parents=True, exist_ok=True)
        said = {"pid": pid, "username": "ben", "hostname": host, "timestamp": "2026-01-01T10:00:00.123+01:00"}
        (folder / f"{host}.json").write_text(json.dumps(said))
    backend = find(tmp_path, "dev")
    assert backend
    here, other = sorted(backend.locks(), key=lambda lock: lock.host == "elsewhere")
    assert str(here) == f"process {ended.pid} of ben on {here.host}, since 2026-01-01T10:00:00"
    assert is_here(here)
    assert not lives(here)
    assert not is_here(other)
