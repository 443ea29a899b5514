"""The whole path on one machine: real engine, real load balancer, real instances, real load."""

from __future__ import annotations

import os
import signal
import time

import pytest

from demo.act import Act, Played, play
from demo.load import Load
from tests.e2e.customer import Customer
from tests.e2e.processes import PROVIDER, below, engine_of, lives, running
from tests.e2e.stage import Finished, Stage

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

RATE = 300
"""Requests a second; low enough that two cores also carry the engine, the providers, and the small tests beside. The
kill matrix has 500, the demonstration and the benchmarks 1,000."""


def played(stage: Stage, version: str, succeeds: bool) -> Played:
    act = Act(version, version, succeeds)
    return play(act, stage.world, RATE, stage.logs / f"release-{version}.log")


@pytest.fixture(scope="module")
def ada(stage: Stage) -> Customer:
    """A customer who logged in while version 1 was live."""
    customer = Customer(stage.url, "ada")
    customer.log_in()
    return customer


def test_version_1_is_live_and_answers(stage: Stage) -> None:
    live = stage.live()
    assert live.version == "1"
    with Load(stage.url, 50, stage.variables) as load:
        pass
    assert load.counted is not None
    assert load.counted.failed == 0
    assert [name for name, _ in load.counted.releases] == [live.id]


def test_what_a_customer_orders_is_kept_in_the_database_and_fulfilled_by_a_worker(
    stage: Stage, ada: Customer
) -> None:
    order, live = ada.order("tea"), stage.live().id
    assert (order["item"], order["taken_by"], order["done_by"]) == ("tea", live, live)


def test_a_good_version_goes_live_and_no_request_is_lost(stage: Stage, ada: Customer) -> None:
    one = played(stage, "2", succeeds=True)
    assert one.status == 0, one.output[-4000:]
    assert one.lost == 0, one.counted
    assert one.counted.of(one.candidate) is not None
    now = stage.status()
    (live,) = now.of("live")
    assert live.version == "2"
    assert [release.version for release in now.of("warm")] == ["1"]
    assert ada.who_am_i() == "ada", "the release logged its customers out"
    order = ada.order("cake")
    assert order["done_by"] == live.id, "the former release's worker still takes jobs"


def test_a_version_that_is_never_healthy_is_refused_and_nobody_notices(stage: Stage, ada: Customer) -> None:
    one = played(stage, "3", succeeds=False)
    assert one.status != 0
    assert one.lost == 0, one.counted
    assert one.candidate == "", "the sick version answered a request"
    assert "500" in " ".join(one.words), one.output[-4000:]
    now = stage.status()
    (live,) = now.of("live")
    assert live.version == "2"
    assert not now.of("candidate"), "the refused version's fleet was left behind"
    assert ada.who_am_i() == "ada", "the refused release logged its customers out"
    assert ada.order("milk")["done_by"] == live.id


def test_a_version_that_fails_its_pages_is_stopped_at_an_early_step(stage: Stage) -> None:
    one = played(stage, "4", succeeds=False)
    assert one.status != 0, one.output[-4000:]
    assert one.lost == 0, one.counted
    answered = one.counted.of(one.candidate)
    assert answered is not None, "the failing version was never tried"
    assert answered.answered < 0.25 * one.counted.sent, "it got more than an early step's share"
    assert one.counted.own_failures(one.candidate) <= 0.1 * answered.answered + 5
    assert stage.live().version == "2"


def test_after_all_that_an_update_finds_nothing_to_change(stage: Stage) -> None:
    stage.finds_nothing_to_change()
    stage.finds_no_drift()


def test_kill_9_of_the_engine_puts_the_weights_back(stage: Stage) -> None:
    url, elb = stage.url, stage.elb()
    rule = stage.main_rule()["RuleArn"]
    former = stage.weights(elb, rule).groups[0][1]
    with (
        Load(url, RATE, stage.variables) as load,
        stage.started("release", "deploy", "6", "--stack", "dev", "--yes") as deploy,
    ):
        stage.until_shared(elb, rule)
        engine = engine_of(deploy.pid)
        assert engine, "no pulumi runs below release deploy"
        providers = below(engine, PROVIDER)
        assert providers, f"no provider runs below the engine {engine}: {running()}"
        began = time.monotonic()
        os.kill(engine, signal.SIGKILL)
        stage.until(lambda: stage.weights(elb, rule), lambda weights: not weights.shared, 10)
        took = time.monotonic() - began
        stage.until(lambda: [pid for pid in providers if lives(pid)], lambda alive: not alive, 30)
        output, _ = deploy.communicate(timeout=120)
    assert took <= 2.0, f"the weights were back after {took:.2f} s"
    assert stage.weights(elb, rule).groups[0][1] == former
    assert deploy.returncode != 0, output
    assert load.counted is not None
    assert load.counted.failed == 0, load.counted
    stage.done("pulumi", "cancel", "--yes", "--stack", "dev")


def test_ctrl_c_in_the_middle_of_the_next_shift_puts_them_back_within_a_second_and_a_later_one_completes(
    stage: Stage,
) -> None:
    url, elb = stage.url, stage.elb()
    rule = stage.main_rule()["RuleArn"]
    former = stage.weights(elb, rule).groups[0][1]
    with (
        Load(url, RATE, stage.variables) as load,
        stage.started("release", "deploy", "6", "--stack", "dev", "--yes") as deploy,
    ):
        stage.until_shared(elb, rule)
        began = time.monotonic()
        os.killpg(deploy.pid, signal.SIGINT)
        stage.until(lambda: stage.weights(elb, rule), lambda weights: not weights.shared, 10)
        took = time.monotonic() - began
        output, _ = deploy.communicate(timeout=120)
    finished = Finished(deploy.returncode, output)
    assert took <= 1.0, f"the weights were back after {took:.2f} s"
    assert stage.weights(elb, rule).groups[0][1] == former
    assert finished.status != 0
    assert "Traceback" not in finished.output
    assert load.counted is not None
    assert load.counted.failed == 0, load.counted
    again = played(stage, "6", succeeds=True)
    assert again.status == 0, again.output[-4000:]
    assert again.lost == 0
    assert stage.live().version == "6"
    stage.finds_nothing_to_change()
