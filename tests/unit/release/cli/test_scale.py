"""`release scale`: the stack's file and what is applied say the same, whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from release.ledger import Ledger, promote
from tests.program.recording import ROOT
from tests.unit.release.cli.conftest import World
from tests.unit.release.releases import release

LIVE = promote(Ledger(), release("1"), 1, "2026-01-01T00:00:00Z")


@pytest.fixture
def file(world: World) -> Path:
    """The project's own file of dev, with line ends of another system."""
    path = world.folder / "project" / "Pulumi.dev.yaml"
    path.write_bytes((ROOT / "Pulumi.dev.yaml").read_bytes().replace(b"\n", b"\r\n"))
    return path


def sizes(text: str) -> tuple[object, object]:
    config = yaml.safe_load(text)["config"]
    web, worker = config["uneventful:web"], config["uneventful:workers"]["worker"]
    return (web["min"], web["max"]), (worker["min"], worker["max"])


def test_sizes_are_written_and_applied_and_comments_stay(world: World, file: Path) -> None:
    before = file.read_bytes()
    world.begin(world.state(LIVE), {"status": 0})
    status, out, error = world.run("scale", "web=3..6", "worker=2", "--stack", "dev")
    assert status == 0, error
    assert "web: 2..4 -> 3..6" in out
    assert "worker: 1..2 -> 2..2" in out
    assert sizes(file.read_text()) == ((3, 6), (2, 2))
    (up,) = world.ups
    assert sizes(up["configuration"]) == ((3, 6), (2, 2))
    assert "uneventful:release" not in up["configuration"].partition("config:")[2].replace("# uneventful", "")
    changed = [
        (a, b) for a, b in zip(before.splitlines(), file.read_bytes().splitlines(), strict=True) if a != b
    ]
    assert len(changed) == 3


@pytest.mark.parametrize("play", [{"status": 255}, {"status": 1, "linger": 0.1}])
def test_where_they_are_not_applied_the_file_is_put_back(
    play: dict[str, float], world: World, file: Path
) -> None:
    before = file.read_bytes()
    world.begin(world.state(LIVE), play)
    status, _, error = world.run("scale", "web=3..6", "--stack", "dev")
    assert status == 1
    assert "Pulumi.dev.yaml is as it was before" in error
    assert file.read_bytes() == before
    assert sizes(world.ups[0]["configuration"])[0] == (3, 6)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("web=6..2", "at most 2 instances, but at least 6"),
        ("web=0..2", "1 to 500"),
        ("mailer=1..2", "no process is called mailer"),
        ("web", "does not say how many"),
        ("web=two", "does not say how many"),
    ],
)
def test_what_the_settings_would_refuse_is_refused_before_anything_is_written(
    typed: str, said: str, world: World, file: Path
) -> None:
    before = file.read_bytes()
    world.begin(world.state(LIVE))
    status, _, error = world.run("scale", typed, "--stack", "dev")
    assert status == 1
    assert said in error
    assert file.read_bytes() == before
    assert world.ups == []


def test_sizes_that_are_there_already_need_no_update(world: World, file: Path) -> None:
    before = file.read_bytes()
    world.begin(world.state(LIVE))
    status, out, _ = world.run("scale", "web=2..4", "--stack", "dev")
    assert (status, file.read_bytes(), world.ups) == (0, before, [])
    assert "says so already" in out
