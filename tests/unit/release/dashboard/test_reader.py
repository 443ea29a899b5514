"""One reading for all who look, none when nobody does, and no environment that waits for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from release.dashboard.reader import ABSENT, LISTING, Reader
from release.dashboard.sight import CALM, Told
from tests.unit.release.dashboard.environment import Written, failed, told


class Clock:
    """Time goes on when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        ends: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + timedelta(seconds=seconds), ends))
        await ends

    async def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        due = [each for each in self._sleepers if each[0] <= self.now]
        self._sleepers = [each for each in self._sleepers if each not in due]
        for _, ends in due:
            ends.done() or ends.set_result(None)
        await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def reading(source: Written, clock: Clock) -> AsyncIterator[Reader]:
    reader = Reader(source, now=lambda: clock.now, sleep=clock.sleep)
    task = asyncio.create_task(reader.run())
    await settle()
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert {each for each in asyncio.all_tasks() if each is not asyncio.current_task()} == set()


async def test_a_hundred_pages_cost_one_reading() -> None:
    clock, source = Clock(), Written({"dev": told("dev")})
    async with reading(source, clock) as reader:
        for _ in range(100):
            reader.sights()
        await settle()
        assert source.asked.count("dev") == 1
        await clock.pass_by(CALM)
        assert source.asked.count("dev") == 2
        assert source.asked.count("past dev") == 1


async def test_nothing_is_read_while_nobody_looks_and_at_once_when_somebody_does() -> None:
    clock, source = Clock(), Written({"dev": told("dev")})
    async with reading(source, clock) as reader:
        reader.sights()
        await clock.pass_by(ABSENT.total_seconds() + CALM)
        before = len(source.asked)
        for _ in range(10):
            await clock.pass_by(60)
        assert len(source.asked) == before
        reader.sights()
        await settle()
        assert len(source.asked) > before


async def test_one_that_hangs_or_fails_does_not_stop_the_others() -> None:
    class Hanging(Written):
        async def status(self, stack: str) -> Told:
            if stack == "dev":
                await asyncio.Event().wait()
            return await super().status(stack)

    clock = Clock()
    source = Hanging({"dev": told("dev"), "staging": failed("staging"), "production": told()})
    async with reading(source, clock) as reader:
        dev, staging, production = reader.sights()
        assert (dev.at, bool(staging.error), production.told["live"]) == (None, True, "22222222")
        await clock.pass_by(CALM)
        assert source.asked.count("production") == 2


async def test_one_that_was_not_made_is_never_asked_until_it_is() -> None:
    clock, source = Clock(), Written({"dev": {"made": False}})
    async with reading(source, clock) as reader:
        assert reader.sights()[0].made is False
        assert not reader.look_for_drift("dev")
        assert source.asked == []
        source.environments["dev"] = told("dev")
        await clock.pass_by(LISTING)
        reader.sights()
        await settle()
        assert "dev" in source.asked


async def test_drift_is_looked_for_when_it_is_asked_for_and_once_at_a_time() -> None:
    begun, may_end = [], asyncio.Event()

    class Slow(Written):
        async def drift(self, stack: str) -> Told:
            begun.append(stack)
            await may_end.wait()
            return await super().drift(stack)

    async with reading(Slow({"dev": told("dev")}, drifts=("a rule",)), Clock()) as reader:
        assert begun == []
        assert [reader.look_for_drift(each) for each in ("dev", "dev", "nowhere")] == [True, True, False]
        await settle()
        assert begun == ["dev"]
        assert reader.sights()[0].drift.looking
        may_end.set()
        await settle()
        assert (reader.sights()[0].drift.looking, reader.sights()[0].drift.lines) == (False, ("a rule",))
