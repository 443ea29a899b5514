"""A release that would break the clients of the live one, in the program."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from release.model import Manifest, OpenApi, Process, freeze
from tests.program.recording import Recording, World, live_after, run
from tests.program.test_release import plan

BROKEN = [{"id": "api-removed", "text": "api removed", "level": 3, "operation": "GET", "path": "/orders"}]


def carrying(version: str, digit: str) -> Manifest:
    openapi = OpenApi(path="openapi.json", digest=digit * 64)
    web = Process(name="web", command="web")
    return Manifest(version=version, digest=f"{version:0>64}", size=1, processes=(web,), openapi=openapi)


ONE, TWO = carrying("1", "a"), carrying("2", "b")


@pytest.fixture
def oasdiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An oasdiff that says what is in the file `said`."""
    program = tmp_path / "oasdiff"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("release.store.S3BundleStore.document", lambda self, openapi: openapi.digest.encode())
    return tmp_path / "said"


def previewed(
    monkeypatch: pytest.MonkeyPatch, said: Path, told: object, wish: str = "2", **also: str
) -> Recording:
    said.write_text(json.dumps(told))
    changes = {f"uneventful:{key}": value for key, value in {"release": wish, **also}.items()}
    # What was seen goes into the world's name: an equal world is not run again.
    changes["uneventful:variables"] = {"SAID": json.dumps(told)}
    ledger = live_after(*(freeze(each, {}) for each in ((ONE,) if wish == "2" else (TWO, ONE))))
    if wish != "2":
        changes["uneventful:release"] = f"id:{freeze(TWO, {}).id}"
    return run(World(published=(ONE, TWO), ledger=ledger, changes=changes, preview=True), monkeypatch)


def test_it_is_refused_in_the_preview_with_the_change_and_what_to_type(
    oasdiff: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = previewed(monkeypatch, oasdiff, BROKEN)
    assert (recording.exit_status, recording.resources) == (32, [])
    assert "GET /orders: api removed" in recording.errors
    assert "--accept-api-changes WHY" in recording.errors


def test_a_reason_accepts_it_and_is_shown_in_the_plan(oasdiff: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = previewed(monkeypatch, oasdiff, BROKEN, accept_api="nobody asks for it")
    assert recording.exit_status == 0
    assert "  api:           breaks clients: GET /orders: api removed" in plan(recording)
    assert "  api:           accepted: nobody asks for it" in plan(recording)


def test_what_breaks_nobody_goes_ahead(oasdiff: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = previewed(monkeypatch, oasdiff, [])
    assert recording.exit_status == 0
    assert "api:" not in plan(recording)


def test_a_way_back_is_never_held_up(oasdiff: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = previewed(monkeypatch, oasdiff, BROKEN, wish="back")
    assert recording.exit_status == 0
    assert "api:" not in plan(recording)
