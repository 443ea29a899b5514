"""`release contract`: two updates at most, and 0 only for what is in the ledger."""

from __future__ import annotations

import pytest
import yaml

from release.ledger import Ledger, contracted, promote
from tests.unit.release.releases import migrating

ONE, TWO = migrating("1", "e1"), migrating("2", "e1 e2 c3")
AT = "2026-01-01T00:00:00Z"
WARM = promote(promote(Ledger(), ONE, 1, AT), TWO, 1, AT)
ALONE = promote(WARM, TWO, 0, AT)
DONE = contracted(ALONE, TWO.id, ["c3"], AT)


@pytest.fixture
def two_live(world) -> None:
    world.serving[:] = [TWO.id]
    world.weigh(**{f"r{TWO.id}": 100})


def config(up: dict[str, str]) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(up["configuration"])["config"]
    return found


@pytest.mark.usefixtures("two_live")
def test_who_is_in_the_way_leaves_in_one_update_and_the_contract_is_applied_in_the_next(world) -> None:
    world.begin(
        world.state(WARM),
        {"status": 0, "state": world.state(ALONE)},
        {"status": 0, "state": world.state(DONE)},
    )
    status, out, error = world.run("contract", "--stack", "dev", "--yes", "-m", "nobody reads it")
    assert (status, error) == (0, "")
    assert f"1. {ONE}, which is warm, leaves" in out
    assert f"this ends the way back to {ONE}, for good" in out
    assert f"c3 applied at {AT}" in out
    leave, apply = world.ups
    assert config(leave)["uneventful:window"] == "0"
    assert "uneventful:contract" not in config(leave)
    assert config(apply)["uneventful:window"] == 1
    assert config(apply)["uneventful:contract"] == TWO.id
    assert "nobody reads it" in apply["arguments"]


@pytest.mark.usefixtures("two_live")
def test_with_nobody_in_the_way_one_update_is_enough_and_one_that_recorded_nothing_is_no_success(
    world,
) -> None:
    world.begin(world.state(ALONE), {"status": 0, "state": world.state(ALONE)})
    status, _, error = world.run("contract", "--stack", "dev", "--yes")
    assert status == 1
    assert "c3 is not in the ledger" in error
    assert len(world.ups) == 1


@pytest.mark.usefixtures("two_live")
def test_a_release_on_trial_leaves_first_too(world) -> None:
    world.begin(
        world.state(ALONE, "0badc0de"),
        {"status": 0, "state": world.state(ALONE)},
        {"status": 0, "state": world.state(DONE)},
    )
    assert world.run("contract", "--stack", "dev", "--yes")[0] == 0
    assert "uneventful:contract" not in config(world.ups[0])


@pytest.mark.usefixtures("two_live")
@pytest.mark.parametrize("played", [1, 2])
def test_an_update_that_fails_ends_it_with_what_the_schema_is(world, played: int) -> None:
    plays = [{"status": 0, "state": world.state(ALONE)}, {"status": 0}]
    plays[played - 1] = {"status": 1}
    world.begin(world.state(WARM), *plays)
    status, _, error = world.run("contract", "--stack", "dev", "--yes")
    assert status == 1
    assert len(world.ups) == played
    assert ("the schema is as it was" if played == 1 else f"{TWO} serves as before") in error
    assert "release contract --stack dev goes on" in error


@pytest.mark.usefixtures("two_live")
def test_what_cannot_be_undone_is_not_begun_without_a_yes(world) -> None:
    world.begin(world.state(WARM))
    status, out, error = world.run("contract", "--stack", "dev")
    assert status == 1
    assert "this ends the way back" in out
    assert "release contract --stack dev --yes" in error
    assert world.ups == []


def test_while_another_release_serves_than_the_ledger_says_nothing_is_begun(world) -> None:
    world.serving[:] = [ONE.id]
    world.weigh(**{f"r{ONE.id}": 100})
    world.begin(world.state(WARM))
    status, _, error = world.run("contract", "--stack", "dev", "--yes")
    assert status == 1
    assert f"100 by {ONE.id}" in error
    assert world.ups == []


def test_with_nothing_left_to_contract_it_says_what_is_applied(world) -> None:
    world.begin(world.state(DONE))
    status, _, error = world.run("contract", "--stack", "dev", "--yes")
    assert status == 1
    assert f"c3 by release {TWO.id} at {AT}" in error
