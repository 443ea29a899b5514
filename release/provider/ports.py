"""What a gate and a shift are handed: the world outside, the clock and the sleep. Tests hand in another world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from release.backlog import Queues
from release.balancer import Balancer
from release.last_words import LastWords
from release.metrics import Metrics
from release.probes import Probes
from release.provider.lease import LeaseStore
from release.scheduler import Applied, Entry
from release.sizes import Sizes
from release.timeline import Record, unrecorded
from release.turns import Instances

Say = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Time:
    """`clock` is steady (s), `now` is the time of day (UTC)."""

    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    now: Callable[[], datetime]

    def stamp(self) -> str:
        """The time of day as a resource's outputs have it: ISO 8601, UTC."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Voice:
    """`say` shows a line that the next one replaces, `note` one that stays. Neither ever fails."""

    say: Say
    note: Say


@dataclass(frozen=True)
class GatePorts:
    """`leases` tells who wants the release stopped, None where nobody can; `stack` is the stack's name, for the
    commands in messages. `words` are those of the instances, None where nobody keeps them. `record` is the timeline.
    """

    balancer: Balancer
    probes: Probes
    leases: LeaseStore | None
    stack: str
    time: Time
    voice: Voice
    words: LastWords | None = None
    record: Record = unrecorded


@dataclass(frozen=True)
class ShiftPorts:
    """`holder` is who holds the lease, in words for people; `stack` as in `GatePorts`. `instances` are those of
    workers, None where a shift tells them nothing. `record` is the timeline.
    """

    balancer: Balancer
    probes: Probes
    metrics: Metrics
    leases: LeaseStore
    holder: str
    stack: str
    time: Time
    voice: Voice
    sizes: Sizes
    instances: Instances | None = None
    record: Record = unrecorded


class Schedules(Protocol):
    """`release.scheduler.Scheduler`."""

    async def read(self) -> tuple[Entry, ...]: ...

    async def apply(self, entries: Iterable[Entry]) -> Applied: ...


@dataclass(frozen=True)
class HandoverPorts:
    """What a shift is handed, and what else a handover moves; `schedules` None where there is no group for them."""

    shift: ShiftPorts
    instances: Instances
    queues: Queues
    schedules: Schedules | None
