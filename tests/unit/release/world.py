"""A world for gates and shifts: a load balancer whose data plane lags, traffic, metrics, probes and a lease store.

Everything is simulated on the running loop's clock, by a seeded random source, behind the same protocols as AWS.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from release.balancer import Health, Rule
from release.errors import BalancerBusy, BalancerError, CannotMeasure, LeaseError, Shrunk
from release.probes import Answer
from release.provider.inputs import ShiftInputs
from release.provider.lease import Grip
from release.provider.ports import ShiftPorts, Time, Voice
from release.provider.shift import Recorded, Shift
from release.ramp import Weights
from release.verdict import Counts

PREFIX = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
OLD = PREFIX + "targetgroup/dev-web-ab12cd34/1111111111111111"
NEW = PREFIX + "targetgroup/dev-web-c0ffee12/2222222222222222"
THIRD = PREFIX + "targetgroup/dev-web-33333333/3333333333333333"
LISTENER = PREFIX + "listener/app/dev/4444444444444444/5555555555555555"
IDS = {OLD: "ab12cd34", NEW: "c0ffee12", THIRD: "33333333"}


@dataclass
class Behaviour:
    """How a release answers: shares of failed answers, and how long they take (s)."""

    errors: float = 0.0
    probe_errors: float = 0.0
    seconds: float = 0.003
    healthy: int = 2


@dataclass
class World:
    seed: int = 1
    weights: Weights | None = field(default_factory=lambda: {OLD: 100})
    lag: float = 0.05
    rate: float = 1000.0
    throttle: float = 0.0
    metrics_fail_from: float = float("inf")
    metrics_silent: bool = False
    api_down: tuple[float, float] = (float("inf"), float("inf"))
    store_down: tuple[float, float] = (float("inf"), float("inf"))
    alarms: dict[str, str] = field(default_factory=dict)
    releases: dict[str, Behaviour] = field(
        default_factory=lambda: {OLD: Behaviour(), NEW: Behaviour(), THIRD: Behaviour()}
    )
    writes: list[tuple[float, Weights | None]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    lease: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    signs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    silent: float = 0.0
    kept: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)
    shrunk: bool = False
    on_write: Callable[[Weights | None], None] = lambda weights: None

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._planes: list[tuple[float, Weights | None]] = [(-1e9, self.weights)]
        self._thread_free = 0.0
        self._counts: dict[str, Counts] = {}
        self._counted_to = 0.0
        self._marks: dict[int, int] = {}

    # time

    def clock(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.clock())

    # the data plane

    def served(self, at: float | None = None) -> Weights | None:
        moment = self.clock() if at is None else at
        return [weights for since, weights in self._planes if since <= moment][-1]

    def apply(self, weights: Weights | None) -> None:
        """The API takes the weights now; the data plane follows after the lag."""
        self.weights = dict(weights) if weights is not None else None
        self.writes.append((self.clock(), self.weights))
        self._planes.append((self.clock() + self.lag, self.weights))
        self.on_write(self.weights)

    def _pick(self, weights: Weights) -> str:
        return self.random.choices(list(weights), [weights[group] + 1e-12 for group in weights])[0]

    # probes

    async def volley(self, count: int) -> tuple[Answer, ...]:
        await asyncio.sleep(0.004)
        return tuple(self._probe() for _ in range(count))

    def _probe(self) -> Answer:
        weights = self.served()
        if not weights:
            return Answer("", "503", 0.001)
        group = self._pick(weights)
        release = self.releases[group]
        failed = self.random.random() < release.probe_errors
        return Answer("" if failed else IDS[group], "500" if failed else "", release.seconds)

    # metrics

    async def counts(self, groups: Sequence[str], since: datetime) -> Mapping[str, Counts]:
        assert all(groups), "nobody's target group has no metrics"
        await asyncio.sleep(0.01)
        if self.clock() >= self.metrics_fail_from:
            raise CannotMeasure("the load balancer's metrics cannot be read", seen="Throttling")
        self._count_traffic()
        if self.metrics_silent:
            return {}
        return {group: self._counts.get(group, Counts()) for group in groups}

    def _count_traffic(self) -> None:
        while self._counted_to < self.clock():
            moment, self._counted_to = self._counted_to, self._counted_to + 0.1
            weights = self.served(moment) or {}
            total = sum(weights.values()) or 1
            for group, weight in weights.items():
                asked = round(self.rate * 0.1 * weight / total + self.random.random() - 0.5)
                failed = sum(self.random.random() < self.releases[group].errors for _ in range(asked))
                before = self._counts.get(group, Counts())
                self._counts[group] = Counts(
                    before.requests + asked,
                    before.errors + failed,
                    before.seconds + asked * self.releases[group].seconds,
                )

    async def ringing(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if self.alarms.get(name) == "ALARM")

    # the balancer's API

    async def _api(self) -> None:
        """A read, tried again for 8 s as the real port does."""
        started = self.clock()
        down, up = self.api_down
        await asyncio.sleep(0.005)
        while down <= self.clock() < up or self.random.random() < self.throttle:
            if self.clock() - started > 8:
                raise BalancerBusy("the load balancer's API did not answer", seen="Throttling")
            await asyncio.sleep(0.2)

    async def rule(self, listener: str, priority: int) -> Rule | None:
        await self._api()
        return Rule("rule", dict(self.weights)) if self.weights is not None else None

    async def _write(self, weights: Weights | None) -> None:
        """As in a thread: once sent, a write happens even if nobody waits for it any more, and in order."""
        loop = asyncio.get_running_loop()
        sent = max(self.clock(), self._thread_free)
        self._thread_free = sent + 0.01
        down, up = self.api_down
        fate = self.random.random()
        happens = not down <= sent < up and (fate >= self.throttle or fate < self.throttle / 4)
        if happens:
            loop.call_at(sent + 0.005, self.apply, weights)
        await asyncio.sleep(sent + 0.01 - self.clock())
        if not happens or fate < self.throttle:
            raise BalancerBusy("the load balancer's API did not answer", seen="Throttling")

    async def create_rule(self, listener: str, priority: int, weights: Weights) -> Rule:
        if self.weights is not None:
            raise BalancerError("the load balancer's API refused", seen="PriorityInUse")
        await self._write(weights)
        return Rule("rule", weights)

    async def set_weights(self, rule: str, weights: Weights) -> None:
        await self._write(weights)

    async def delete_rule(self, rule: str) -> None:
        await self._write(None)

    async def health(self, group: str) -> tuple[Health, ...]:
        await self._api()
        healthy = self.releases[group].healthy
        return tuple(Health(f"i-{n}", "healthy" if n < healthy else "unhealthy") for n in range(2))

    # the lease's store

    async def _store(self) -> None:
        await asyncio.sleep(0.005)
        down, up = self.store_down
        if down <= self.clock() < up or self.random.random() < self.throttle:
            raise LeaseError("the lease cannot be read or written", seen="SlowDown")

    async def highest(self) -> Grip | None:
        await self._store()
        number = max(self.lease, default=None)
        if number is None:
            return None
        return Grip(number, str(self._marks[number]), self.silent, number in self.signs)

    async def create(self, number: int, record: Mapping[str, Any]) -> bool:
        await self._store()
        if number in self.lease:
            return False
        self._put(number, record)
        return True

    async def read(self, number: int) -> Mapping[str, Any]:
        await self._store()
        return self.lease.get(number, {})

    async def write(self, number: int, record: Mapping[str, Any]) -> None:
        await self._store()
        self._put(number, record)

    async def ask(self, number: int, record: Mapping[str, Any]) -> None:
        await self._store()
        self.signs[number] = dict(record)

    async def asked(self, number: int) -> Mapping[str, Any]:
        await self._store()
        return self.signs.get(number, {})

    async def drop_below(self, number: int) -> None:
        await self._store()
        for lower in [held for held in self.lease if held < number]:
            del self.lease[lower]

    def _put(self, number: int, record: Mapping[str, Any]) -> None:
        self.lease[number] = dict(record)
        self._marks[number] = self._marks.get(number, 0) + 1

    # the shift in it

    async def say(self, line: str) -> None:
        self.said.append(line)

    async def note(self, line: str) -> None:
        self.noted.append(line)

    def ports(self, holder: str = "tester on here (1)") -> ShiftPorts:
        time = Time(self.clock, asyncio.sleep, self.now)
        voice = Voice(self.say, self.note)
        return ShiftPorts(self, self, self, self, holder, "dev", time, voice, self)

    async def keep(self, groups: Sequence[str], patience: float = 0.0) -> None:
        del patience
        self.kept.append((self.clock(), tuple(groups)))
        if self.shrunk:
            raise Shrunk("the instances of this release have left", seen=", ".join(groups))

    def shift(self, holder: str = "tester on here (1)", **changes: Any) -> Shift:
        recorded = changes.pop("recorded", Recorded(OLD, "v1 (ab12cd34)", "2026-01-01T00:00:00Z"))
        return Shift(inputs().model_copy(update=changes), recorded, self.ports(holder))


def inputs() -> ShiftInputs:
    return ShiftInputs(
        release="c0ffee12",
        version="v2",
        target_group_arn=NEW,
        url="http://shop.test/healthz",
        listener_arn=LISTENER,
        priority=40000,
        steps=(1, 5, 25, 50, 100),
        observe=5,
        proof=30,
        max_error_rate=0.01,
        max_latency_ratio=3,
        lease_bucket="bundles",
        drain=0,
        metrics_deadline=60,
    )


def behaving(world: World, group: str, **how: Any) -> World:
    """The world with one release that behaves in another way."""
    world.releases[group] = replace(world.releases[group], **how)
    return world
