"""A restart in a small world of instances that boot, drain, fall ill and are scaled by others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.errors import CommandError
from release.restart import Group, World, restart

BOOT, DRAIN = 20.0, 5.0


@dataclass
class Fleet:
    """A group as AWS carries it out; `at` is the time (s). Instances are named in the order of their launch."""

    wanted: int
    most: int
    healthy: Callable[[str], bool] = lambda _instance: True
    at: float = 0.0
    launched: dict[str, float] = field(default_factory=dict)
    leaving: dict[str, float] = field(default_factory=dict)
    served: list[int] = field(default_factory=list)
    meanwhile: Callable[[Fleet], None] = lambda _fleet: None

    def __post_init__(self) -> None:
        for _ in range(self.wanted):
            self.launched[f"i-{len(self.launched)}"] = -BOOT

    @property
    def staying(self) -> list[str]:
        return [each for each in self.launched if each not in self.leaving]

    def serving(self) -> list[str]:
        return [each for each in self.staying if self.launched[each] + BOOT <= self.at and self.healthy(each)]

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.at += seconds
        self.meanwhile(self)
        self.settle()

    def settle(self) -> None:
        while len(self.staying) < self.wanted:
            self.launched[f"i-{len(self.launched)}"] = self.at
        for each in self.staying[: max(0, len(self.staying) - self.wanted)]:
            self.leaving[each] = self.at
        self.served.append(len(self.serving()))

    async def group(self) -> Group:
        self.settle()
        return Group(self.wanted, self.most, tuple(self.staying))

    async def well(self, instances: Sequence[str]) -> Collection[str]:
        return set(self.serving()) & set(instances)

    async def allow(self, most: int) -> None:
        self.most, self.wanted = most, min(self.wanted, most)

    async def want(self, count: int) -> None:
        assert count <= self.most
        self.wanted = count

    async def retire(self, instance: str) -> None:
        if instance in self.staying:
            self.wanted -= 1
            self.leaving[instance] = self.at
        self.settle()

    async def left(self, instances: Sequence[str]) -> Collection[str]:
        return {each for each in instances if self.leaving.get(each, self.at) + DRAIN > self.at}

    def world(self, most: int) -> World:
        return World(self, most, 120.0, lambda: self.at, self.sleep, lambda _line: None)

    def run(self, most: int) -> int:
        return asyncio.run(restart(self.world(most)))


@pytest.mark.parametrize(("size", "most"), [(1, 1), (1, 4), (3, 3), (4, 6)])
def test_all_are_replaced_and_there_are_never_fewer_that_serve(size: int, most: int) -> None:
    fleet = Fleet(size, most)
    assert fleet.run(most) == size
    assert len(fleet.staying) == fleet.wanted == size
    assert not set(fleet.staying) & {f"i-{n}" for n in range(size)}
    assert min(fleet.served) >= size
    assert max(fleet.served) <= size + 1
    assert fleet.most == most


def test_one_that_does_not_get_well_ends_it_and_nothing_else_has_changed() -> None:
    fleet = Fleet(2, 2, healthy=lambda each: each in ("i-0", "i-1", "i-2"))
    with pytest.raises(CommandError, match="does not get well"):
        fleet.run(2)
    assert fleet.staying == ["i-1", "i-2"]
    assert (fleet.wanted, fleet.most) == (2, 2)
    assert min(fleet.served) >= 2


@given(st.integers(1, 200), st.integers(1, 3), st.integers(0, 1))
def test_whenever_it_is_stopped_as_many_serve_as_before(steps: int, size: int, room: int) -> None:
    most = size + room
    fleet = Fleet(size, most)

    async def stopped() -> None:
        running = asyncio.create_task(restart(fleet.world(most)))
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(stopped())
    fleet.settle()
    assert (fleet.wanted, fleet.most) == (size, most)
    assert min(fleet.served) >= size


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from([-1, 1])), max_size=6, unique_by=lambda each: each[0]
    )
)
def test_whoever_scales_the_group_meanwhile_is_right(changes: list[tuple[int, int]]) -> None:
    # Scalers rest after each change until what they have launched can serve.
    due = sorted((7 + number * (BOOT + 5), by) for number, by in changes)

    def scale(fleet: Fleet) -> None:
        while due and due[0][0] <= fleet.at:
            fleet.wanted = min(fleet.most, max(1, fleet.wanted + due.pop(0)[1]))

    fleet = Fleet(2, 4, meanwhile=scale)
    fleet.run(4)
    assert not set(fleet.staying) & {"i-0", "i-1"}
    assert fleet.most == 4
    assert min(fleet.served) >= 1
