"""`release restart`: which instances it is about, and when it does not begin."""

from __future__ import annotations

from typing import Any

import pytest

from release.cli.restart import chosen
from release.cli.state import StackState
from release.errors import CommandError
from release.ledger import Ledger, promote
from tests.unit.release.cli.conftest import World
from tests.unit.release.releases import release

V1, V2 = release("1"), release("2")
LEDGER = promote(promote(Ledger(), V1, 1, "2026-01-01T00:00:00Z"), V2, 1, "2026-01-02T00:00:00Z")


def group(process: str, of: str) -> dict[str, Any]:
    tags = [{"key": "uneventful:release", "value": of}, {"key": "uneventful:process", "value": process}]
    return {
        "type": "aws:autoscaling/group:Group",
        "urn": f"urn::{process}-{of}",
        "outputs": {"name": f"{process}-{of}", "tags": tags, "minSize": 1, "maxSize": 2},
    }


@pytest.fixture
def exported(world: World) -> dict[str, Any]:
    """A state with a web group and a worker group of each of two releases."""
    state = world.state(LEDGER)
    state["deployment"]["resources"] += [
        group(process, one.id) for process in ("web", "worker") for one in (V1, V2)
    ]
    return state


def test_it_is_about_the_live_release_alone(exported: dict[str, Any]) -> None:
    state = StackState.parse(exported)
    for process in ("web", "worker"):
        live, found = chosen(state, process, "dev")
        assert (live, found.name, found.most) == (V2, f"{process}-{V2.id}", 2)
    with pytest.raises(CommandError, match="no process mailer is live") as refused:
        chosen(state, "mailer", "dev")
    assert refused.value.expected == "web, worker"


def test_it_does_not_begin_while_somebody_releases(world: World, exported: dict[str, Any]) -> None:
    world.begin(exported)
    world.lock(1, host="elsewhere")
    status, _, error = world.run("restart", "web", "--stack", "dev")
    assert status == 1
    assert "of ben on elsewhere" in error


def test_it_does_not_begin_while_a_rollback_is_not_recorded(world: World, exported: dict[str, Any]) -> None:
    world.begin(exported)
    world.lease(released=True, pinned=V1.id)
    status, _, error = world.run("restart", "web", "--stack", "dev")
    assert status == 1
    assert f"a rollback to {V1.id}, which is not recorded yet" in error
