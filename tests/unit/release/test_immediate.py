"""All traffic to a warm release at once, also in the middle of a shift, and never by two writers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from release.errors import CannotMeasure, RollbackUnrecorded, Shrunk, UneventfulError, WeightsNotRestored
from release.immediate import Moved, Ports, Target, move, unpin
from release.provider.lease import FRESH_SECONDS, QUIET_SECONDS
from release.provider.ports import Time
from release.provider.shift import Recorded
from release.provider.taking import YIELD_SECONDS
from tests.unit.release.virtual_time import run
from tests.unit.release.world import IDS, LISTENER, NEW, OLD, THIRD, World, behaving


def ports(world: World) -> Ports:
    time = Time(world.clock, asyncio.sleep, world.now)
    return Ports(world, world, world, "ben on desk (12)", time, world.say)


def back_to(world: World, group: str) -> Any:
    return move(Target(IDS[group], f"v0 ({IDS[group]})", group, LISTENER), "it is bad", ports(world))


async def in_the_middle(world: World, group: str, at: float = 20) -> tuple[Moved, UneventfulError]:
    shifting = asyncio.create_task(world.shift().run())
    await asyncio.sleep(at)
    assert world.weights not in ({OLD: 100}, {NEW: 100})
    moved = await back_to(world, group)
    with pytest.raises(UneventfulError) as error:
        await shifting
    return moved, error.value


def test_one_write_moves_everything_and_the_proof_says_when_the_last_other_answer_came() -> None:
    world = World(weights={NEW: 100})
    moved = run(back_to(world, OLD))
    assert [weights for _, weights in world.writes] == [{OLD: 100}]
    assert moved.wrote
    assert moved.written < 0.2
    assert moved.last_other is not None
    assert moved.last_other - moved.written < 0.2
    assert moved.probes >= 200


def test_a_shift_gives_way_within_two_seconds_and_traffic_ends_where_the_person_asked() -> None:
    world = World()

    async def story() -> None:
        moved, error = await in_the_middle(world, THIRD)
        asked = 20.0
        assert [weights for at, weights in world.writes if at > asked] == [{OLD: 100}, {THIRD: 100}]
        assert moved.written - asked < 2
        assert "ben on desk (12) asked for the weights: it is bad" in error.what
        assert "100 % on v1 (ab12cd34)" in error.state

    run(story())
    assert world.weights == {THIRD: 100}


def test_a_holder_that_lives_and_cannot_give_way_is_fenced_off_before_anything_is_written() -> None:
    world = World(
        weights={NEW: 100}, lease={1: {"holder": "anna on laptop (11)", "released": False}}, signs={}
    )
    world._marks[1] = 1

    async def story() -> None:
        async def beat() -> None:
            while True:
                await asyncio.sleep(0.8)
                world._put(1, world.lease.get(1, {}))

        beating = asyncio.create_task(beat())
        moved = await back_to(world, OLD)
        beating.cancel()
        assert world.signs[1]["why"] == "it is bad"
        assert moved.written > YIELD_SECONDS + QUIET_SECONDS > YIELD_SECONDS + FRESH_SECONDS

    run(story())


def test_a_holder_that_died_a_while_ago_by_the_stores_clock_is_not_waited_for() -> None:
    world = World(
        weights={NEW: 100}, lease={1: {"holder": "anna on laptop (11)", "released": False}}, silent=8.0
    )
    world._marks[1] = 1
    assert run(back_to(world, OLD)).written < 1


def test_until_it_is_recorded_no_update_gives_the_traffic_to_another_release() -> None:
    world = World(weights={NEW: 100})

    async def story() -> None:
        await back_to(world, OLD)
        for _ in range(2):
            with pytest.raises(RollbackUnrecorded, match="not recorded") as error:
                await world.shift(recorded=Recorded(NEW, "v2", "then")).run()
            assert "release rollback --to ab12cd34 --stack dev" in error.value.next
        assert world.weights == {OLD: 100}
        await unpin(ports(world))
        await world.shift().run()

    run(story())
    assert world.weights == {NEW: 100}


def test_the_update_that_records_it_writes_nothing_and_takes_as_long_as_a_proof() -> None:
    world = World(weights={OLD: 100}, metrics_silent=True)

    async def story() -> None:
        await back_to(world, NEW)
        written, begun = len(world.writes), world.clock()
        shifted = await world.shift().run()
        assert world.clock() - begun < 4
        assert len(world.writes) == written
        assert shifted.live_at
        assert "by rollback" in shifted.observed
        # Recorded: the next release is free to go.
        await world.shift(
            release="33333333", target_group_arn=THIRD, recorded=Recorded(NEW, "v2", "then")
        ).run()

    world.metrics_silent = False
    run(story())
    assert world.weights == {THIRD: 100}


def test_a_target_without_a_healthy_instance_gets_nothing_and_pins_nothing() -> None:
    world = behaving(World(weights={NEW: 100}), OLD, healthy=0)
    with pytest.raises(CannotMeasure, match="cannot take the traffic"):
        run(back_to(world, OLD))
    assert world.writes == []
    assert not any(record.get("pinned") for record in world.lease.values())


def test_nobody_is_asked_for_the_lease_before_the_target_may_have_the_traffic() -> None:
    world = World(weights={NEW: 100}, lease={1: {"holder": "anna on laptop (11)", "released": False}})
    world._marks[1] = 1

    async def refused() -> None:
        await asyncio.sleep(0.3)
        raise Shrunk("the instances of this release have left")

    with pytest.raises(Shrunk):
        run(move(Target(IDS[OLD], "v0", OLD, LISTENER), "it is bad", ports(world), refused))
    assert (world.signs, list(world.lease), world.writes) == ({}, [1], [])


def test_what_older_holders_have_left_goes_when_the_lease_is_given_back() -> None:
    world = World(weights={NEW: 100})

    async def story() -> None:
        for group in (OLD, NEW, OLD):
            await back_to(world, group)

    run(story())
    assert list(world.lease) == [3]


def test_a_data_plane_that_does_not_follow_is_told_and_the_weights_stay() -> None:
    world = World(weights={NEW: 100}, lag=60)
    with pytest.raises(WeightsNotRestored) as error:
        run(back_to(world, OLD))
    assert "0 of the last 200" in error.value.seen
    assert world.weights == {OLD: 100}
    assert world.lease[1]["pinned"] == "ab12cd34"


def test_an_interrupt_before_the_write_leaves_everything_as_it_was() -> None:
    world = World(weights={NEW: 100}, throttle=0.0, api_down=(0.012, 1e6))

    async def story() -> None:
        moving = asyncio.create_task(back_to(world, OLD))
        await asyncio.sleep(3)
        moving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await moving

    run(story())
    assert world.weights == {NEW: 100}
    assert all(record["released"] and not record["pinned"] for record in world.lease.values())
