"""A floor of workers: instances that do as they are told, each after its own while, and say so a little later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from release.turns import Crew, Post, Report, Team, Turn


@dataclass
class Worker:
    """`starts` and `stops` is how long (s) it takes; one that `crashes` says so when it has begun; one that is `deaf`
    does nothing.
    """

    team: Team
    starts: float = 0.5
    stops: float = 0.5
    crashes: bool = False
    deaf: bool = False
    boots: float = 0.0
    does: str = ""
    said: list[tuple[float, str]] = field(default_factory=list)
    words: tuple[str, ...] = ("Traceback", "KeyError: 'QUEUE'")


@dataclass
class Floor:
    """`Instances`, simulated on the running loop's clock. What is said is heard `lag` s later."""

    workers: dict[str, Worker] = field(default_factory=dict)
    least: dict[str, int] = field(default_factory=dict)
    lag: float = 0.2
    list: tuple[str, ...] | None = None
    settled: bool = False
    tags: dict[str, Turn] = field(default_factory=dict)
    on_tell: Callable[[Sequence[str], Turn], None] = lambda instances, turn: None

    def clock(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.clock())

    def working(self) -> set[str]:
        """The releases of which somebody works."""
        return {worker.team.release for worker in self.workers.values() if worker.does == "working"}

    async def announce(self, working: Sequence[str], *, settled: bool) -> None:
        await asyncio.sleep(0.01)
        self.list, self.settled = tuple(working), settled

    async def announced(self) -> tuple[str, ...] | None:
        await asyncio.sleep(0.01)
        return self.list if self.settled else None

    async def crews(self, groups: Sequence[str]) -> Mapping[str, Crew]:
        await asyncio.sleep(0.01)
        named = {
            group: tuple(i for i, worker in self.workers.items() if worker.team.group == group)
            for group in groups
        }
        return {group: Crew(self.least.get(group, 0), crew) for group, crew in named.items()}

    async def tell(self, instances: Sequence[str], turn: Turn) -> None:
        await asyncio.sleep(0.01)
        self.on_tell(instances, turn)
        for instance in instances:
            self.tags[instance] = turn
            if instance in self.workers and not self.workers[instance].deaf:
                asyncio.get_running_loop().create_task(self._obey(instance, turn))

    async def _obey(self, instance: str, turn: Turn) -> None:
        worker = self.workers[instance]
        if worker.does == turn:
            return
        await asyncio.sleep(worker.starts if turn == "working" else worker.stops)
        if self.tags[instance] != turn or instance not in self.workers:
            return
        worker.does = turn
        self.say(instance, "turn: working" if turn == "working" else f"turn: resting after {worker.stops} s")
        if turn == "working" and worker.crashes:
            await asyncio.sleep(3)
            if worker.does == "working":
                self.say(instance, "turn: failed: worker ended 3 times in 3 s, last with exit status 1")

    def say(self, instance: str, text: str) -> None:
        self.workers[instance].said.append((self.clock(), text))

    async def reports(self, posts: Sequence[Post]) -> Mapping[str, Report]:
        await asyncio.sleep(0.01)
        found = {}
        for post in posts:
            worker = self.workers.get(post.instance)
            heard = [each for each in worker.said if each[0] <= self.clock() - self.lag] if worker else []
            if heard:
                at, text = heard[-1]
                start = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
                found[post.instance] = Report(int((start + at) * 1000), text)
        return found

    async def last_words(self, post: Post, name: str, lines: int) -> tuple[str, ...]:
        await asyncio.sleep(0.01)
        return self.workers[post.instance].words if name == post.team.process else ("boot: no bundle",)
