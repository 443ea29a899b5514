"""The lease: one holder at a time, and no write by one who is not sure to be it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from release.errors import LeaseError, LeaseLost
from release.provider.lease import DOUBT_SECONDS, FRESH_SECONDS, Lease
from release.provider.ports import Time
from release.provider.rule import MainRule
from release.provider.taking import take
from tests.unit.release.virtual_time import run
from tests.unit.release.world import LISTENER, NEW, OLD, World

OTHER = {"holder": "ben on desk (12)", "beats": 1, "released": False}


def held(world: World, story: Callable[[Lease], Awaitable[None]]) -> None:
    """Run the story with a lease that nobody keeps: heartbeats are sent only when it asks."""

    async def whole() -> None:
        await story(await take(world, "anna on laptop (11)", world.clock, asyncio.sleep, world.say))

    run(whole())


def rule(world: World, lease: Lease) -> MainRule:
    return MainRule(world, lease, Time(world.clock, asyncio.sleep, world.now), LISTENER, 40000)


@pytest.mark.parametrize("restoring", [False, True])
def test_a_fenced_writer_sends_nothing_not_even_a_restoration(restoring: bool) -> None:
    world = World()

    async def story(lease: Lease) -> None:
        world._put(2, OTHER)
        main = rule(world, lease)
        with pytest.raises(LeaseLost, match="ben on desk"):
            await (main.restore({OLD: 100}) if restoring else main.write({NEW: 100}))

    held(world, story)
    assert world.writes == []


def test_a_store_that_is_silent_allows_writes_only_while_nobody_can_have_taken_over() -> None:
    world = World(store_down=(1.0, 1e6))

    async def story(lease: Lease) -> None:
        await asyncio.sleep(FRESH_SECONDS - 0.5)
        await lease.confirm()
        await asyncio.sleep(0.6)
        with pytest.raises(LeaseError):
            await lease.confirm()

    held(world, story)


def test_a_holder_that_slept_sends_a_heartbeat_before_it_writes() -> None:
    world = World()

    async def story(lease: Lease) -> None:
        await asyncio.sleep(4)
        with pytest.raises(LeaseError):
            lease.check()
        await rule(world, lease).write({NEW: 100})
        lease.check()
        assert world.lease[1]["beats"] == 2

    held(world, story)
    assert world.weights == {NEW: 100}


def test_doubt_comes_early_enough_to_put_the_weights_back() -> None:
    assert DOUBT_SECONDS < FRESH_SECONDS


def test_a_lease_that_was_given_back_is_taken_at_once_and_tells_how_it_ended() -> None:
    world = World()

    async def story(lease: Lease) -> None:
        await lease.give_back("100 % on v1")
        begun = world.clock()
        later = await take(world, "ben on desk (12)", world.clock, asyncio.sleep, world.say)
        assert world.clock() - begun < 0.5
        assert later.number == 2
        assert later.former == "anna on laptop (11): 100 % on v1"
        await later.give_back("100 % on v2")
        assert sorted(world.lease) == [2], "the one before it is of no use any more"

    held(world, story)


def test_a_newcomer_that_took_over_while_the_holder_woke_lets_its_last_write_end_first() -> None:
    world = World()
    world._put(1, OTHER)
    woken: list[float] = []
    create = world.create

    async def waking(number: int, record: dict[str, object]) -> bool:
        world._put(1, {**OTHER, "beats": 2})
        woken.append(world.clock())
        return await create(number, record)

    world.create = waking  # type: ignore[method-assign, assignment]

    async def story(lease: Lease) -> None:
        assert world.clock() - woken[0] > FRESH_SECONDS

    held(world, story)
