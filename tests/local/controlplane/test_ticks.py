"""Ten ticks a second while a group of schedules is changed, left as it is and changed back: each tick exactly once."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from localcloud.controlplane.plane import ControlPlane
from localcloud.faults import Faults
from localcloud.location import Location
from release import aws
from release.scheduler import Applied, Entry, Scheduler
from tests.local.controlplane.conftest import World

FASTER = 600
APPLIED = 50
TICKS = 40


@pytest.fixture
def scheduler(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scheduler]:
    found = {"ENDPOINT_URL": world.endpoint, "DEFAULT_REGION": Location().region}
    for name, value in {**found, "ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    aws._clients.clear()
    group = f"schedules-{uuid.uuid4().hex}"
    world.client("scheduler").create_schedule_group(Name=group)
    yield Scheduler(aws.Calls("scheduler"), group)
    world.client("scheduler").delete_schedule_group(Name=group)
    aws._clients.clear()


@contextmanager
def time_passes(plane: ControlPlane) -> Iterator[None]:
    """As the daemon lets it."""
    ended = threading.Event()

    def tick() -> None:
        while not ended.wait(0.2):
            plane.tick()

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


async def test_each_tick_is_sent_exactly_once_however_often_its_schedule_is_applied(
    world: World, scheduler: Scheduler
) -> None:
    name = f"jobs-{uuid.uuid4().hex}"
    url = world.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{Location().region}:{Location().account}:{name}"
    queue = world.plane.backend("sqs").get_queue(name)

    def ticks() -> list[Any]:
        return [json.loads(message.body) for message in list(queue.messages)]

    told = '{"due": "<aws.scheduler.scheduled-time>", "by": "%s"}'
    one = Entry(
        "tick", "rate(1 minute)", "UTC", arn, "arn:aws:iam::123456789012:role/scheduler", told % "one"
    )
    two = replace(one, input=told % "two")
    nightly = replace(one, name="nightly", expression="cron(0 3 1 1 ? 2199)")
    await scheduler.apply([one])
    with time_passes(world.plane):
        world.board.change(Faults(schedules_faster=FASTER))
        for n in range(APPLIED):
            changed = await scheduler.apply([(one, one, two)[n % 3], *([nightly] if n % 2 else [])])
            assert ("tick" in changed.changed) == (n % 3 != 1 and n > 0)
        deadline, wanted = time.monotonic() + 30, max(TICKS, len(ticks()) + 3)
        while len(ticks()) < wanted:
            assert time.monotonic() < deadline, f"{len(ticks())} ticks of {wanted} in 30 s"
            await asyncio.sleep(0.05)
        assert await scheduler.apply([]) != Applied()
    found = ticks()
    times = [datetime.fromisoformat(tick["due"]) for tick in found]
    assert times == [times[0] + n * timedelta(minutes=1) for n in range(len(times))]
    assert {tick["by"] for tick in found} == {"one", "two"}
    assert found[-1]["by"] == ("one", "one", "two")[(APPLIED - 1) % 3]
    world.client("sqs").delete_queue(QueueUrl=url)
