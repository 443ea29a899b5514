import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest
import yaml

from release.ledger import Ledger, promote
from release.model import Release, freeze


def releases_of(world, *versions: str) -> list[Release]:
    """Built, published and frozen releases of these versions, the last one only built."""
    bundles = [world.build(version, f"content of {version}") for version in versions]
    for bundle in bundles[:-1]:
        world.store.publish(bundle)
    return [freeze(bundle.manifest, {}) for bundle in bundles]


def ledger_of(*releases: Release) -> Ledger:
    ledger = Ledger()
    for release in releases:
        ledger = promote(ledger, release, 1, "2026-01-01T00:00:00Z")
    return ledger


@pytest.fixture
def one_live(world) -> tuple[Release, Release]:
    """Version 1 is live and serves; version 2 is built."""
    one, two = releases_of(world, "1", "2")
    world.serving[:] = [one.id]
    world.weigh(**{f"r{one.id}": 100})
    return one, two


def succeeds(world, one: Release, two: Release) -> dict[str, object]:
    world.serving[:] = [two.id]
    world.weigh(**{f"r{two.id}": 100})
    return {"status": 0, "state": world.state(ledger_of(one, two), moment="now")}


def test_a_release_that_serves_everything_ends_with_0_and_says_what_it_saw(world, one_live) -> None:
    one, two = one_live
    world.begin(world.state(ledger_of(one)), succeeds(world, one, two))
    status, out, error = world.run("deploy", "2", "--stack", "dev", "--yes", "-m", "for the season")
    assert (status, error) == (0, "")
    assert f"version 2 ({two.id}) serves all the traffic" in out
    assert f"of 100 answers on fresh connections 100 by version 2 ({two.id})" in out
    assert f"release rollback --stack dev  (version 1 ({one.id}) is warm)" in out
    assert world.store.manifest("2") == two.manifest


def test_the_wish_is_in_a_copy_of_the_configuration_that_is_gone_afterwards(world, one_live) -> None:
    before = (world.folder / "project" / "Pulumi.dev.yaml").read_text()
    world.begin(world.state(ledger_of(one_live[0])), succeeds(world, *one_live))
    world.run("deploy", "2", "--stack", "dev", "-m", "for the season")
    up = world.ups[0]
    assert yaml.safe_load(up["configuration"])["config"] == {
        "aws:region": "eu-west-1",
        "uneventful:window": 1,
        "uneventful:release": "2",
    }
    arguments = up["arguments"]
    assert arguments[:3] == ["up", "--stack", "dev"]
    assert {"--yes", "--skip-preview"} <= set(arguments)
    assert arguments[arguments.index("--message") + 1] == "for the season"
    assert not Path(arguments[arguments.index("--config-file") + 1]).exists()
    assert (world.folder / "project" / "Pulumi.dev.yaml").read_text() == before


def test_an_update_that_ended_well_while_the_former_release_still_answers_is_no_success(
    world, one_live
) -> None:
    one, two = one_live
    world.begin(world.state(ledger_of(one)), succeeds(world, one, two))
    world.serving[:] = [two.id] * 19 + [one.id]
    status, _, error = world.run("deploy", "2", "--stack", "dev", "--yes")
    assert status == 1
    assert "does not serve all the traffic" in error
    assert f"5 by version 1 ({one.id})" in error


def test_an_update_that_ended_well_with_weight_on_another_release_is_no_success(world, one_live) -> None:
    one, two = one_live
    world.begin(world.state(ledger_of(one)), succeeds(world, one, two))
    world.weigh(**{f"r{two.id}": 99, f"r{one.id}": 1})
    assert world.run("deploy", "2", "--stack", "dev", "--yes")[0] == 1


def test_an_update_that_ended_well_and_released_nothing_is_no_success(world, one_live) -> None:
    one, _ = one_live
    state = world.state(ledger_of(one))
    world.begin(state, {"status": 0, "state": state})
    status, _, error = world.run("deploy", "2", "--stack", "dev", "--yes")
    assert status == 1
    assert "is not what is live" in error


def test_an_update_that_ended_well_where_aws_cannot_be_asked_is_no_success(world, one_live) -> None:
    one, two = one_live
    live_again = world.state(ledger_of(one, two, one), moment="now")
    world.begin(world.state(ledger_of(one, two)), {"status": 0, "state": live_again})
    world.forget_credentials()
    status, _, error = world.run("deploy", f"id:{one.id}", "--stack", "dev", "--yes")
    assert status == 1
    assert "could not be asked" in error


def test_a_refused_release_loses_its_fleet_in_a_second_update_and_the_error_says_what_serves(
    world, one_live
) -> None:
    one, two = one_live
    world.begin(
        world.state(ledger_of(one)),
        {"status": 1, "state": world.state(ledger_of(one), two.id, moment="refused")},
        {"status": 0, "state": world.state(ledger_of(one), moment="removed")},
    )
    status, out, error = world.run("deploy", "2", "--stack", "dev", "--yes")
    assert status == 1
    assert "removing its fleet" in out
    assert "its fleet is gone" in error
    assert f"version 1 ({one.id}) is live, as before" in error
    assert f"100 by version 1 ({one.id})" in error
    assert "uneventful:release" not in world.ups[1]["configuration"]
    assert "remove the refused release 2" in world.ups[1]["arguments"]


def test_a_release_named_in_the_stacks_own_file_is_not_tried_again_while_its_fleet_is_removed(
    world, one_live
) -> None:
    one, two = one_live
    with (world.folder / "project" / "Pulumi.dev.yaml").open("a") as file:
        file.write('  uneventful:release: "2"\n')
    refused = world.state(ledger_of(one), two.id, moment="refused")
    world.begin(world.state(ledger_of(one)), {"status": 1, "state": refused}, {"status": 0})
    world.run("deploy", "2", "--stack", "dev", "--yes")
    assert [("uneventful:release" in up["configuration"]) for up in world.ups] == [True, False]


def test_keep_leaves_the_refused_fleet_and_names_the_command_that_removes_it(world, one_live) -> None:
    one, two = one_live
    refused = world.state(ledger_of(one), two.id, moment="refused")
    world.begin(world.state(ledger_of(one)), {"status": 1, "state": refused})
    status, _, error = world.run("deploy", "2", "--stack", "dev", "--yes", "--keep")
    assert (status, len(world.ups)) == (1, 1)
    assert "pulumi up --stack dev removes it" in error


def test_a_removal_that_fails_too_is_told_with_the_command_to_type(world, one_live) -> None:
    one, two = one_live
    refused = world.state(ledger_of(one), two.id, moment="refused")
    world.begin(world.state(ledger_of(one)), {"status": 1, "state": refused}, {"status": 1})
    status, _, error = world.run("deploy", "2", "--stack", "dev", "--yes")
    assert status == 1
    assert "could not be removed: pulumi up --stack dev" in error


def test_an_update_that_never_began_removes_nobodys_fleet(world, one_live) -> None:
    one, two = one_live
    locked = world.state(ledger_of(one), two.id)
    world.begin(locked, {"status": 1, "state": locked})
    assert world.run("deploy", "2", "--stack", "dev", "--yes")[0] == 1
    assert len(world.ups) == 1


def test_a_fleet_that_somebody_keeps_survives_the_refusal_of_another_version(world, one_live) -> None:
    one, _ = one_live
    kept = "0123abcd"
    world.begin(
        world.state(ledger_of(one), kept),
        {"status": 1, "state": world.state(ledger_of(one), kept, moment="refused by the plan")},
    )
    status, _, error = world.run("deploy", "2", "--stack", "dev", "--yes")
    assert (status, len(world.ups)) == (1, 1)
    assert f"the fleet of {kept} is still there: pulumi up --stack dev removes it" in error


@pytest.mark.parametrize("to_the_group", [True, False])
def test_an_interrupt_reaches_the_engine_once_and_then_the_truth_is_told(
    world, one_live, to_the_group: bool
) -> None:
    one, two = one_live
    world.begin(
        world.state(ledger_of(one)),
        {
            "status": 1,
            "waits": True,
            "linger": 0.5,
            "state": world.state(ledger_of(one), two.id, moment="cancelled"),
        },
    )
    process = world.start(["deploy", "2", "--stack", "dev", "--yes"])
    said: list[str] = []
    reading = threading.Thread(target=lambda: said.append(process.stdout.read()))
    deadline = time.monotonic() + 20
    while not world.ups:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    reading.start()
    send = os.killpg if to_the_group else os.kill
    send(process.pid, signal.SIGINT)
    time.sleep(0.2)  # A second one, while the engine is putting things back, must not reach it.
    send(process.pid, signal.SIGINT)
    assert process.wait(20) == 1
    error = process.stderr.read()
    assert "interrupted: 2 was not released" in error
    assert f"version 1 ({one.id}) is live, as before" in error
    assert f"100 by version 1 ({one.id})" in error
    assert [up["signals"] for up in world.ups] == [1]


def test_going_back_by_id_publishes_nothing(world, one_live) -> None:
    one, two = one_live
    world.store.publish(world.build("2", "content of 2"))
    world.serving[:] = [one.id]
    world.begin(
        world.state(ledger_of(one, two)),
        {"status": 0, "state": world.state(ledger_of(one, two, one), moment="now")},
    )
    status, out, error = world.run("deploy", f"id:{one.id}", "--stack", "dev", "--yes")
    assert (status, error) == (0, "")
    assert yaml.safe_load(world.ups[0]["configuration"])["config"]["uneventful:release"] == f"id:{one.id}"
    assert re.search(r"serves all the traffic", out)


def test_a_version_that_is_neither_here_nor_in_the_bucket_is_told_how_to_be_built(world, one_live) -> None:
    world.begin(world.state(ledger_of(one_live[0])))
    status, _, error = world.run("deploy", "9", "--stack", "dev")
    assert (status, world.ups) == (1, [])
    assert "release build DIR --version 9" in error


def test_a_version_built_anew_with_other_bytes_is_refused_before_anything_is_updated(world, one_live) -> None:
    world.build("1", "other bytes")
    world.begin(world.state(ledger_of(one_live[0])))
    status, _, error = world.run("deploy", "1", "--stack", "dev")
    assert (status, world.ups) == (1, [])
    assert "a version never changes" in error


def test_a_freeze_is_overridden_for_one_update_with_a_reason_that_the_history_keeps(world, one_live) -> None:
    one, two = one_live
    stack_file = world.folder / "project" / "Pulumi.dev.yaml"
    stack_file.write_text(stack_file.read_text() + '  uneventful:override: "of a file that was left so"\n')
    world.begin(world.state(ledger_of(one)), succeeds(world, one, two))
    world.run("deploy", "2", "--stack", "dev", "-m", "prices", "--override-freeze", "the shop is down")
    up = world.ups[0]
    assert yaml.safe_load(up["configuration"])["config"]["uneventful:override"] == "the shop is down"
    assert up["arguments"][up["arguments"].index("--message") + 1] == (
        "prices (freeze overridden: the shop is down)"
    )


def test_without_a_reason_of_its_own_a_release_overrides_no_freeze(world, one_live) -> None:
    one, two = one_live
    stack_file = world.folder / "project" / "Pulumi.dev.yaml"
    stack_file.write_text(stack_file.read_text() + '  uneventful:override: "of a file that was left so"\n')
    world.begin(world.state(ledger_of(one)), succeeds(world, one, two))
    world.run("deploy", "2", "--stack", "dev")
    assert "uneventful:override" not in yaml.safe_load(world.ups[0]["configuration"])["config"]
