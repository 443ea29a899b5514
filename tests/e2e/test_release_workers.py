"""Workers and schedules go with the traffic, forward and back, and a release whose workers fail takes nothing along."""

from __future__ import annotations

import pytest

from demo.act import Act, play
from demo.load import Load
from tests.e2e.books import Books
from tests.e2e.customer import Customer
from tests.e2e.shifts import out_of_turn
from tests.e2e.stage import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

RATE = 300
"""Requests a second."""

JOBS = 2_000
"""Some seconds of work; `make proofs` has twenty thousand."""


def test_a_version_whose_worker_crashes_is_refused_and_everything_stays_where_it_was(stage: Stage) -> None:
    before, ticks = stage.live(), stage.world.outputs()["schedules"]
    one = play(Act("crash", "5", False), stage.world, RATE, stage.logs / "release-5.log")
    assert one.status != 0, one.output[-4000:]
    assert one.lost == 0, one.counted
    now = stage.status()
    assert now.live == before
    assert not now.of("candidate"), "the refused version's fleet was left behind"
    assert "the worker of this version has lost its tools" in one.output, one.output[-4000:]
    assert "Traceback" not in one.output
    assert Customer(stage.url, "mary").order("soup")["done_by"] == before.id
    assert stage.world.outputs()["schedules"][before.id] == ticks[before.id]
    stage.finds_nothing_to_change()


def test_jobs_are_done_once_by_those_whose_turn_it_was_while_a_release_goes_back_and_forth(
    stage: Stage,
) -> None:
    books, live = Books(stage), stage.live()
    with Load(stage.url, RATE, stage.variables) as load:
        orders = books.fill(JOBS)
        for _ in range(2):
            stage.done("release", "rollback", "--stack", "dev", "--yes")
        stage.until(lambda: books.left(orders), lambda left: left == 0, 240)
    assert stage.live().id == live.id, "a rollback of a rollback is a rollback"
    assert load.counted is not None
    assert load.counted.failed == 0, load.counted
    done = books.done("id BETWEEN %s AND %s", orders.start, orders.stop - 1)
    assert len(done) == JOBS
    assert [each for each in done if len(each.by) != 1] == [], "done again"
    strangers, turns = out_of_turn(done, stage)
    assert strangers == [], turns
