"""20,000 jobs and a schedule that is due each second, while releases go forward and back: minutes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from demo.load import Load
from tests.e2e.books import Books
from tests.e2e.shifts import out_of_turn
from tests.e2e.stage import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

JOBS = 20_000
RATE = 200
"""Requests a second: the workers and their queue have most of the two cores."""
FASTER = "60"
"""The shop's tick is due each minute of the schedules' time, which is each second then."""
ROLLBACKS = 10


def test_every_job_is_done_once_and_by_workers_whose_turn_it_was(stage: Stage) -> None:
    books = Books(stage)
    stage.done("release", "build", "examples/shop", "--version", "2")
    with Load(stage.status().url, RATE, stage.variables) as load:
        orders = books.fill(JOBS)
        stage.done("release", "deploy", "2", "--stack", "dev", "--yes")
        stage.done("release", "rollback", "--to", "1", "--stack", "dev", "--yes")
        stage.done("release", "rollback", "--to", "2", "--stack", "dev", "--yes")
        before = books.left(orders)
        stage.until(lambda: books.left(orders), lambda left: left == 0, 900)
    done = books.done("id BETWEEN %s AND %s", orders.start, orders.stop - 1)
    again = sum(len(each.by) - 1 for each in done)
    by = Counter(release for each in done for release in each.by)
    print(
        f"\n{len(done):,} of {JOBS:,} jobs done, {again} done again, by release {dict(by)}; "
        f"{before:,} were left when the last rollback ended"
    )
    assert load.counted is not None
    assert load.counted.failed == 0, load.counted
    assert len(done) == JOBS, "jobs are lost"
    assert again == 0, "a queue gives a job a second time only when it was not finished in time"
    strangers, turns = out_of_turn(done, stage)
    assert not strangers, f"done out of turn: {strangers[:3]} of {len(strangers)}; {turns}"
    assert len(by) > 1, "only one release took jobs: nothing was handed over"


def test_each_tick_runs_once_through_rollbacks_and_nothing_is_lost(stage: Stage) -> None:
    books = Books(stage)
    stage.done("localcloud", "fault", "set", "schedules-faster", FASTER)
    try:
        stage.until(books.ticks, lambda seen: len(seen) > 2, 60)
        first = max(books.ticks())
        with Load(stage.status().url, RATE, stage.variables) as load:
            for _ in range(ROLLBACKS):
                stage.done("release", "rollback", "--stack", "dev", "--yes", "--reason", "back and forth")
        last = max(books.ticks())
        stage.until(books.ticks, lambda seen: max(seen) > last, 60)
    finally:
        stage.done("localcloud", "fault", "clear", "schedules-faster")
    ticks = {due: by for due, by in books.ticks().items() if first <= due <= last}
    by = dict(Counter(release for each in ticks.values() for release in each))
    print(f"\n{len(ticks)} ticks through {ROLLBACKS} rollbacks, by release {by}")
    assert load.counted is not None
    assert load.counted.failed == 0, load.counted
    assert [len(by) for by in ticks.values()] == [1] * len(ticks), "a tick ran twice"
    assert missed(list(ticks)) == [], "a tick was missed"
    assert len(ticks) > ROLLBACKS


def missed(due: list[datetime]) -> list[tuple[datetime, datetime]]:
    """Neighbours that are not a minute apart."""
    return [(one, other) for one, other in pairwise(due) if other - one != timedelta(minutes=1)]
