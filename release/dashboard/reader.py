"""Reads the environments at a pace of its own, once for all who look, and only while somebody looks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from release.dashboard.sight import Drift, Past, Sight, Told

ABSENT = timedelta(seconds=20)
"""Nobody looks any more when no page has asked for so long."""

LISTING = 30.0
"""Seconds after which it is asked again which environments there are."""


class Source(Protocol):
    """Where the facts come from. Raises nothing: a `status` with an `error`, a `Past` with what is `unknown`."""

    async def stacks(self) -> Mapping[str, bool | None]:
        """Those to show, in the order to show them in; whether each was made, None where that is not known."""

    async def status(self, stack: str) -> Told: ...

    async def past(self, stack: str) -> Past: ...

    async def drift(self, stack: str) -> Told:
        """The status with every resource asked for: minutes."""


def _now() -> datetime:
    return datetime.now(UTC)


class Reader:
    """Sights of all environments. No environment waits for another."""

    def __init__(
        self,
        source: Source,
        *,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self._now = now
        self._sleep = sleep
        self._sights: dict[str, Sight] = {}
        self._looked = now()
        self._somebody = asyncio.Event()
        self._drifts: dict[str, asyncio.Task[None]] = {}

    def sights(self) -> Sequence[Sight]:
        """What is known now, and a sign that somebody looks."""
        self._looked = self._now()
        self._somebody.set()
        return tuple(self._sights.values())

    def look_for_drift(self, stack: str) -> bool:
        """Begin a full look at an environment, unless one goes on; False where there is no such environment."""
        sight = self._sights.get(stack)
        if sight is None or sight.made is False:
            return False
        if stack not in self._drifts:
            self._put(replace(sight, drift=replace(sight.drift, looking=True)))
            task = asyncio.create_task(self._drift(stack))
            self._drifts[stack] = task
            task.add_done_callback(lambda _: self._drifts.pop(stack, None))
        return True

    async def run(self) -> None:
        """Until it is cancelled; then nothing that it started is left."""
        following: dict[str, asyncio.Task[None]] = {}
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    for stack, made in (await self._source.stacks()).items():
                        known = self._sights.get(stack) or Sight(stack)
                        self._put(replace(known, made=made if made is not None else known.made))
                        if stack not in following and made is not False:
                            following[stack] = group.create_task(self._follow(stack))
                    await self._sleep(LISTING)
                    await self._watched()
        finally:
            drifts = tuple(self._drifts.values())
            for task in drifts:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*drifts, return_exceptions=True)

    async def _follow(self, stack: str) -> None:
        while True:
            await self._watched()
            if self._sights[stack].made is False:
                await self._sleep(LISTING)
                continue
            told = await self._source.status(stack)
            self._put(self._sights[stack].read(told, self._now()))
            if self._sights[stack].forgetful(self._now()):
                past = await self._source.past(stack)
                self._put(self._sights[stack].recalled(past, self._now()))
            await self._sleep(self._sights[stack].pace)

    async def _watched(self) -> None:
        if self._now() - self._looked > ABSENT:
            self._somebody.clear()
            await self._somebody.wait()

    async def _drift(self, stack: str) -> None:
        told = await self._source.drift(stack)
        error = str(told.get("error") or "")
        found = Drift(False, self._now(), () if error else tuple(told.get("drift", ())), error)
        self._put(replace(self._sights[stack], drift=found))

    def _put(self, sight: Sight) -> None:
        self._sights[sight.stack] = sight
