"""The instances of one process are replaced, one after another: first there is one more, and when it is well one of the
former ones leaves, drained. So there are never fewer that serve than there were.

It goes by what is there now: whatever scales the group meanwhile is right, and only who was there at the beginning is
replaced.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from release.errors import RestartStopped

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Group:
    """What an auto-scaling group has now: how many it wants, how many it may have, and its instances (ids) that do not
    leave, the oldest first.
    """

    wanted: int
    most: int
    instances: tuple[str, ...]


class Instances(Protocol):
    """The instances of one process of the live release. Every method raises an UneventfulError when AWS refuses, or is
    silent for too long.
    """

    async def group(self) -> Group:
        """What there is now."""

    async def well(self, instances: Sequence[str]) -> Collection[str]:
        """Those that serve: healthy at the balancer, or at work."""

    async def allow(self, most: int) -> None:
        """Let the group have so many at most."""

    async def want(self, count: int) -> None:
        """Let the group want so many, which are no more than it allows."""

    async def retire(self, instance: str) -> None:
        """Take an instance out, drained, and want one fewer. One that is gone is fine."""

    async def left(self, instances: Sequence[str]) -> Collection[str]:
        """Those of them that have not ended yet."""


@dataclass(frozen=True)
class World:
    """Where a restart happens: `most` is how many instances the stack's settings allow, `deadline` how long (s) a new
    one may take to be well, and a former one to end.
    """

    instances: Instances
    most: int
    deadline: float
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    say: Callable[[str], None]


async def restart(world: World) -> int:
    """Replace all that are there now; how many that were.

    Raises CommandError when a new one does not get well in time: then it is gone again, and what was not replaced yet
    serves as before. So it is too when this is cancelled.
    """
    former = (await world.instances.group()).instances
    try:
        while there := _still(former, now := await world.instances.group()):
            await _replace(world, there[0], now, f"{len(former) - len(there) + 1} of {len(former)}")
    finally:
        if (await world.instances.group()).most != world.most:
            await world.instances.allow(world.most)
    await _await_end(world, former)
    return len(former)


def _still(former: Sequence[str], now: Group) -> list[str]:
    return [each for each in former if each in now.instances]


async def _replace(world: World, instance: str, now: Group, which: str) -> None:
    size, before = now.wanted, frozenset(now.instances)
    world.say(f"{which}: one more than {size}, before {instance} leaves")
    try:
        if now.most <= size:
            await world.instances.allow(size + 1)
        await world.instances.want(size + 1)
        new = await _await_well(world, before, size)
        if new is None:
            world.say(f"{which}: somebody has scaled the group, which wants no more than {size} now")
            return
        world.say(f"{which}: {new} is well, {instance} leaves")
        await world.instances.retire(instance)
    except BaseException:
        await _put_back(world, before, size)
        raise


async def _await_well(world: World, before: frozenset[str], size: int) -> str | None:
    """The instance that has come, when it and `size` others are well; None where the group has been made smaller."""
    until = world.clock() + world.deadline
    while True:
        now = await world.instances.group()
        if now.wanted <= size:
            return None
        well = await world.instances.well(now.instances)
        new = [each for each in now.instances if each not in before]
        fine = [each for each in new if each in well]
        if fine and len(well) > size:
            return fine[0]
        if world.clock() > until:
            raise RestartStopped(
                "the restart stopped: the new instance does not get well",
                expected=f"{size + 1} that are well within {world.deadline:.0f} s",
                seen=f"{len(well)} well; new: {', '.join(new) or 'none was launched'}",
                state="the new one leaves; those that were not replaced yet serve as before",
                next="release logs boot --since 20m --stack STACK",
            )
        await world.sleep(POLL_SECONDS)


async def _put_back(world: World, before: frozenset[str], size: int) -> None:
    """As many as before: who has come since leaves, and nobody else."""
    now = await world.instances.group()
    new, excess = [each for each in now.instances if each not in before], max(0, now.wanted - size)
    for each in new[:excess]:
        await world.instances.retire(each)
    if excess > len(new):
        await world.instances.want(size)


async def _await_end(world: World, former: Sequence[str]) -> None:
    until = world.clock() + world.deadline
    while left := await world.instances.left(former):
        if world.clock() > until:
            raise RestartStopped(
                "all were replaced, and some of the former ones do not end",
                expected=f"them to end within {world.deadline:.0f} s",
                seen=", ".join(sorted(left)),
                state="they get no work any more",
                next="release ps --stack STACK",
            )
        await world.sleep(POLL_SECONDS)
