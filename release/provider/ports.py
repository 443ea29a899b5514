"""What a gate and a shift are handed: the world outside, the clock and the sleep. Tests hand in another world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from release.balancer import Balancer
from release.metrics import Metrics
from release.probes import Probes
from release.provider.lease import LeaseStore

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
    commands in messages.
    """

    balancer: Balancer
    probes: Probes
    leases: LeaseStore | None
    stack: str
    time: Time
    voice: Voice


@dataclass(frozen=True)
class ShiftPorts:
    """`holder` is who holds the lease, in words for people; `stack` as in `GatePorts`."""

    balancer: Balancer
    probes: Probes
    metrics: Metrics
    leases: LeaseStore
    holder: str
    stack: str
    time: Time
    voice: Voice
