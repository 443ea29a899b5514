"""Workers and schedules follow the traffic that was given to a release at once, without an update."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from release.errors import SchedulerError, UneventfulError
from release.immediate import Ports
from release.provider.ports import Schedules
from release.provider.taking import Claim, end, take
from release.scheduler import Applied, Entry
from release.turn_taking import Turns
from release.turns import Instances, Standing, Team


@dataclass(frozen=True)
class Followers:
    """Who is to follow to the release (id): the workers of all releases, and the schedules that it has.

    `schedules` is None where they are not known, or where the environment has no group for them. `limit` is how long
    (s) workers may take.
    """

    release: str
    teams: Sequence[Team]
    schedules: Sequence[Entry] | None
    limit: float


@dataclass(frozen=True)
class Followed:
    """How they followed; `told` and `seen` are moments of the ports' clock (s)."""

    told: float
    seen: float
    standing: Standing
    schedules: Applied


async def follow(
    followers: Followers,
    reason: str,
    ports: Ports,
    instances: Instances,
    schedules: Schedules | None,
    told: Callable[[], None],
) -> Followed:
    """Let them follow, under the lease: `told` is called when everybody has been told, before they are waited for.

    Raises what `take`, `Turns` and the scheduler raise. What was told stays so, and an update does the rest.
    """
    time = ports.time
    claim = Claim(reason, followers.release)
    lease = await take(ports.leases, ports.holder, time.clock, time.sleep, ports.say, claim)
    beating = asyncio.create_task(lease.keep())
    turns = Turns(followers.teams, instances, time, ports.say)
    working, outcome = [followers.release], "workers and schedules did not all follow"
    try:
        await lease.confirm()
        applied, failure = await _tell(turns, working, followers, schedules)
        at = time.clock()
        told()
        standing = await turns.taken(working, followers.limit)
        if failure:
            raise failure
        outcome = f"traffic, workers and schedules are those of {followers.release}, by rollback: {reason}"
        return Followed(at, time.clock(), standing, applied)
    except UneventfulError as error:
        outcome = f"{outcome}: {error.what}"
        raise
    finally:
        await end(lease, beating, outcome)


async def _tell(
    turns: Turns, working: Sequence[str], followers: Followers, schedules: Schedules | None
) -> tuple[Applied, SchedulerError | None]:
    """Workers and schedules at once; what becomes of the schedules keeps no worker waiting."""

    async def apply() -> tuple[Applied, SchedulerError | None]:
        if schedules is None or followers.schedules is None:
            return Applied(), None
        try:
            return await schedules.apply(followers.schedules), None
        except SchedulerError as error:
            return Applied(), error

    applying = asyncio.create_task(apply())
    try:
        await turns.tell(working)
    finally:
        await asyncio.wait([applying])
    return applying.result()
