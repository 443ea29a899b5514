"""Forward with a change of the schema, back in a second, and no further back than the schema allows."""

from __future__ import annotations

import json
import time

import pytest

from demo.act import Act, play
from demo.counted import Counted
from demo.load import Load
from demo.story import ROUGH
from tests.e2e.customer import Customer
from tests.e2e.stage import Finished, Stage

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

RATE = 300
"""Requests a second."""


def under_load(stage: Stage, *argv: str) -> tuple[Finished, Counted, float]:
    """Run a command while the load runs; what it printed, what the load counted, and when the command began."""
    with Load(stage.url, RATE, stage.variables) as load:
        began = time.time()
        finished = stage.run(*argv)
    assert load.counted is not None
    return finished, load.counted, began


def migrations(stage: Stage) -> dict[str, str]:
    """The revisions that the operations host's log says it has applied, with the line that says it."""
    lines = stage.operations_log()
    return {line.split("] ", 1)[1].partition(":")[0]: line for line in lines if line.endswith(": applied")}


def test_the_way_back_to_a_warm_release_takes_about_a_second_and_loses_nothing(stage: Stage) -> None:
    before_it = stage.status()
    (bad,), (warm,) = before_it.of("live"), before_it.of("warm")
    before = migrations(stage)
    finished, counted, began = under_load(
        stage, "release", "rollback", "--stack", "dev", "--yes", "--reason", "to be tried"
    )
    assert finished.status == 0, finished.output[-4000:]
    assert counted.failed == 0, counted
    assert stage.live().id == warm.id
    last = counted.of(bad.id)
    took = last.last - began if last is not None else 0.0
    print(f"\nfrom the command to the last answer of the release that was left: {took:.2f} s")
    assert took < 5, "the tests run beside it; `make bench` has the figure of a machine of its own"
    assert migrations(stage) == before, "a rollback ran a migration"


def test_forward_again_loses_nothing_with_slow_weights_and_a_throttled_api_either(stage: Stage) -> None:
    for name, value in ROUGH:
        stage.done("localcloud", "fault", "set", name, value)
    try:
        one = play(Act("forward", "2.1", True), stage.world, RATE, stage.logs / "release-2.1.log")
    finally:
        for name, _ in ROUGH:
            stage.done("localcloud", "fault", "clear", name)
    assert one.status == 0, one.output[-4000:]
    assert one.lost == 0, one.counted
    live = stage.live()
    assert live.version == "2.1"
    assert "nothing to do" in one.output, "an expand was applied a second time"
    assert Customer(stage.url, "grace").order("scones")["done_by"] == live.id


def test_a_contract_runs_once_under_load_and_says_which_way_back_it_ends(stage: Stage) -> None:
    (older,) = stage.status().of("warm")
    finished, counted, _ = under_load(stage, "release", "contract", "--stack", "dev", "--yes")
    assert finished.status == 0, finished.output[-4000:]
    assert counted.failed == 0, counted
    assert older.id in finished.output, "it did not say which release one can no longer go back to"
    assert "0004" in migrations(stage)
    again = stage.run("release", "contract", "--stack", "dev", "--yes")
    assert "Traceback" not in again.output
    assert again.status != 0 or "nothing" in again.output


def test_a_way_back_past_a_contract_is_refused_with_its_reason(stage: Stage) -> None:
    live = stage.live()
    overtaken = next(
        entry["release"]
        for entry in stage.world.outputs()["ledger"]["entries"]
        if entry["release"]["version"] == "1"
    )
    finished = stage.run("release", "rollback", "--to", overtaken["id"], "--stack", "dev", "--yes")
    assert finished.status != 0
    assert "0004" in finished.output, finished.output[-2000:]
    assert "Traceback" not in finished.output
    assert stage.live().id == live.id


def test_the_history_tells_who_did_what(stage: Stage) -> None:
    told = json.loads(stage.done("release", "history", "--stack", "dev", "--json"))
    reasons = json.dumps(told)
    assert "to be tried" in reasons
