"""Workers who begin before their release has any traffic: seen at work first, and at rest again where it goes back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from release.errors import ShiftRefused, UneventfulError
from release.provider.put_back import put_back
from release.provider.shift import Recorded, Shift, Shifted
from release.turns import Team
from tests.unit.release.floor import Floor, Worker
from tests.unit.release.virtual_time import run
from tests.unit.release.world import NEW, OLD, World, behaving, inputs

FORMER = Team("ab12cd34", "worker", "worker-ab12cd34", "/logs/worker")
OURS = Team("c0ffee12", "worker", "worker-c0ffee12", "/logs/worker")


def floor(**ours: Any) -> Floor:
    made = Floor(least={FORMER.group: 1, OURS.group: 1})
    made.workers["i-old"] = Worker(FORMER, does="working", said=[(-60.0, "turn: working")])
    made.workers["i-new"] = Worker(OURS, does="resting", said=[(-9.0, "turn: ready")], **ours)
    return made


def shift(world: World, made: Floor) -> Shift:
    told = inputs().model_copy(
        update={
            "workers": {"worker": OURS.group},
            "resting": {FORMER.release: {"worker": FORMER.group}},
            "log_groups": {"worker": "/logs/worker"},
            "former_release": "ab12cd34",
            "former_version": "v1",
            "former_target_group_arn": OLD,
        }
    )
    return Shift(told, Recorded(OLD, "v1 (ab12cd34)"), replace(world.ports(), instances=made))


async def ending(moving: Shift) -> Shifted | UneventfulError:
    try:
        return await moving.run()
    except UneventfulError as error:
        return error


def test_they_are_at_work_beside_the_former_ones_before_the_first_step_and_stay_so() -> None:
    world, made = World(), floor()
    at_the_first: list[set[str]] = []
    world.on_write = lambda weights: at_the_first.append(made.working())
    assert isinstance(run(ending(shift(world, made))), Shifted)
    assert at_the_first[0] == {"ab12cd34", "c0ffee12"}
    assert made.working() == {"ab12cd34", "c0ffee12"}
    assert made.list == ("ab12cd34", "c0ffee12")


def test_one_that_cannot_begin_keeps_the_release_from_any_traffic() -> None:
    world, made = World(), floor()
    made.workers["i-new"].said = [(-9.0, "boot failed: no bundle")]
    error = run(ending(shift(world, made)))
    assert isinstance(error, ShiftRefused)
    assert world.writes == []
    assert made.list == ("ab12cd34",)


@pytest.mark.parametrize("at", ["step", "gap"])
def test_they_rest_again_when_the_shift_goes_back(at: str) -> None:
    world, made = World(), floor()
    if at == "step":
        behaving(world, NEW, errors=0.3)

    async def story() -> UneventfulError:
        moving = shift(world, made)
        ended = await ending(moving)
        if isinstance(ended, Shifted):
            from release.errors import ShiftCancelled
            from release.provider.early import early

            ports, told = moving._ports, moving._inputs
            ended = await put_back(
                told, ports, ShiftCancelled("gone"), lambda lease: early(told, ports, lease)
            )
        await asyncio.sleep(10)
        return ended

    error = run(story())
    assert "workers of v1 (ab12cd34): 1 working" in error.state
    assert world.weights == {OLD: 100}
    assert (made.working(), made.list) == ({"ab12cd34"}, ("ab12cd34",))
