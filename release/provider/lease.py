"""The lease: one writer of weights at a time, and a fencing number that tells the newest from the older ones.

A number is taken by creating an object that nobody can create twice. Its holder rewrites the object each second. Who
comes later waits until the holder gave it back, or until the object did not change for `QUIET_SECONDS` on the
newcomer's own clock: no two machines' clocks are ever compared. A holder writes weights only after it has looked
for a higher number and within `FRESH_SECONDS` of its own last heartbeat, so what it has sent ends before anyone may
take over.

Who must not wait, such as a rollback, leaves a sign beside the holder's number: the holder puts the weights back and
gives the lease back. One that does not within `YIELD_SECONDS` is fenced off. A rollback also pins its release: until an
update has recorded it, no other one may be given traffic. An abort pins what is live, or `NOBODY`, until the update
that it stops has ended: so it is heard in whatever phase that update is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from release.aws import CALL_SECONDS
from release.errors import LeaseError, LeaseLost

BEAT_SECONDS = 0.8
QUIET_SECONDS = 5.5
FRESH_SECONDS = QUIET_SECONDS - CALL_SECONDS
DOUBT_SECONDS = FRESH_SECONDS - 0.7
"""Without a heartbeat for this long a shift is given up, while it may still put the weights back."""
_AGAIN_SECONDS = 0.1

NOBODY = "nobody"
"""Pinned where no release at all may be given traffic."""

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Grip:
    """The highest number that was ever taken, and a mark that changes with each heartbeat of its holder.

    `silent` is how long ago (s) that was, by the store's own clock; 0 where it does not tell. `asked`: somebody has
    left the sign for this number.
    """

    number: int
    mark: str
    silent: float = field(default=0.0, compare=False)
    asked: bool = field(default=False, compare=False)


class LeaseStore(Protocol):
    """Where numbers are kept. Every method tries once and raises LeaseError when the store did not answer."""

    async def highest(self) -> Grip | None:
        """The highest number; None when none was ever taken."""

    async def create(self, number: int, record: Mapping[str, Any]) -> bool:
        """Take a number; False when somebody has it. Of several who try at once, one succeeds."""

    async def read(self, number: int) -> Mapping[str, Any]:
        """The record of a number; empty when it is gone."""

    async def write(self, number: int, record: Mapping[str, Any]) -> None:
        """Replace the record of a number that one holds."""

    async def drop_below(self, number: int) -> None:
        """Remove the records and signs of all lower numbers."""

    async def ask(self, number: int, record: Mapping[str, Any]) -> None:
        """Leave the sign that the holder of a number is asked to give it back."""

    async def asked(self, number: int) -> Mapping[str, Any]:
        """The sign's record; empty when there is none."""


class Lease:
    """The right to write weights, held under `number`. `former` tells how the last holder's ended; empty if none.

    `pinned` is the release (id) that a rollback gave the traffic to and no update has recorded yet; every record of
    this lease says so until it is emptied. `asked` is who wants the lease, and why; empty while nobody does.
    """

    def __init__(self, store: LeaseStore, number: int, holder: str, clock: Clock, sleep: Sleep) -> None:
        self.number = number
        self._store = store
        self._holder = holder
        self._clock = clock
        self._sleep = sleep
        self._beats = 0
        self._beaten_at = self._looked_at = clock()
        self._lost: LeaseLost | None = None
        self._ended = False
        self.former = ""
        self.former_pin = ""
        self.pinned = ""
        self.asked = ""

    async def seize(self) -> bool:
        """Take the number; False when somebody has it."""
        return await self._store.create(self.number, self._record())

    async def confirm(self) -> None:
        """Return only when a write that is sent now cannot meet another writer's.

        A store that does not answer is not waited for while the last heartbeat is fresh: nobody can have taken over.

        Raises:
            LeaseLost: somebody took over; no write may follow, ever.
            LeaseError: not known just now; no write may follow until it is.
        """
        if self._lost:
            raise self._lost
        if self._age > DOUBT_SECONDS:
            with contextlib.suppress(LeaseError, TimeoutError):
                async with asyncio.timeout(self._left / 2):
                    await self._beat()
        with contextlib.suppress(LeaseError, TimeoutError):
            async with asyncio.timeout(self._left / 2):
                await self._look()
        if self._lost:
            raise self._lost
        self._must_be_fresh(FRESH_SECONDS)

    async def keep(self, give_way: Callable[[str], object] | None = None) -> None:
        """Beat until cancelled, or until somebody took over. A beat that fails is tried again soon.

        `give_way` is called, once, when somebody asks for the lease.
        """
        while not self._lost and not self._ended:
            due = self._clock() + BEAT_SECONDS
            try:
                await self._beat()
                await self._look()
            except LeaseError:
                due = self._clock() + _AGAIN_SECONDS
            if self.asked and give_way:
                give_way(self.asked)
                give_way = None
            await self._sleep(max(0.0, due - self._clock()))

    def check(self) -> None:
        """Raise LeaseLost when somebody took over, LeaseError when the lease was not kept for too long."""
        if self._lost:
            raise self._lost
        self._must_be_fresh(DOUBT_SECONDS)

    async def give_back(self, outcome: str) -> None:
        """Let the next one in at once, and tell it how this one ended; what is left of older ones goes. Tried for some
        seconds, never raises.

        Only the first time counts.
        """
        if self._ended:
            return
        self._ended = True
        for _ in range(5):
            with contextlib.suppress(LeaseError):
                if not self._lost:
                    await self._store.write(self.number, self._record(released=True, outcome=outcome))
                    with contextlib.suppress(LeaseError):
                        await self._store.drop_below(self.number)
                return
            await self._sleep(0.5)

    async def outwait(self, seconds: float) -> None:
        """The former holder lived while this number was taken: let what it may have sent come to its end."""
        until = self._clock() + seconds
        while self._clock() < until:
            await self._beat()
            await self._sleep(BEAT_SECONDS)

    def _must_be_fresh(self, limit: float) -> None:
        if self._age > limit:
            raise LeaseError(
                "the lease on the weights cannot be kept",
                expected=f"a heartbeat in the last {limit:.1f} s",
                seen=f"none for {self._age:.1f} s",
            )

    @property
    def _age(self) -> float:
        """Since when (s) a newer one may have come unseen, or may have taken this one for dead."""
        return self._clock() - min(self._beaten_at, self._looked_at)

    @property
    def _left(self) -> float:
        """How long to wait for the store: no longer than a write is still allowed, or for one call."""
        left = FRESH_SECONDS - self._age
        return left if left > 0 else 2 * CALL_SECONDS

    async def _beat(self) -> None:
        started = self._clock()
        await self._store.write(self.number, self._record())
        self._beaten_at = started

    async def _look(self) -> None:
        started = self._clock()
        top = await self._store.highest()
        if top and top.number > self.number:
            newer = await self._store.read(top.number)
            self._lost = LeaseLost(
                "another writer took over the weights",
                expected=f"lease {self.number} ({self._holder}) to be the newest",
                seen=f"lease {top.number}, held by {newer.get('holder', 'somebody')}",
            )
            raise self._lost
        self._looked_at = started
        if top and top.asked and not self.asked:
            sign = await self._store.asked(self.number)
            self.asked = f"{sign.get('by', 'somebody')} asked for the weights: {sign.get('why', 'no reason')}"

    def _record(self, *, released: bool = False, outcome: str = "") -> Mapping[str, Any]:
        self._beats += 1
        return {
            "holder": self._holder,
            "beats": self._beats,
            "released": released,
            "outcome": outcome,
            "pinned": self.pinned,
        }
