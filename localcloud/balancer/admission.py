"""New targets, until they may take part: ALB's initial health checks.

A target that was never healthy needs one passing check, whatever the group's threshold (ALB), while Envoy
asks the full threshold of a target whose first check failed. So a new target is given to Envoy when it
passes its first check here, or when its time as a new target is over; from then on Envoy's checks alone
decide.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping

from localcloud.balancer.checks import check
from localcloud.parts import Endpoint, HealthCheck, TargetHealth

TargetKey = tuple[str, Endpoint]
"""A target in its group: (target group ARN, (address, port))."""

PAUSE_SECONDS = 0.25
"""Between two checks of a new target; AWS's nodes together check about as often."""


def initial_seconds(wanted: HealthCheck) -> float:
    """How long a target that fails all its checks counts as new: until it could be called unhealthy."""
    return wanted.unhealthy * wanted.interval


class Admission:
    """Checks the new targets on a thread of its own, and looks again at targets that Envoy calls unhealthy.

    `on_admitted` is called on that thread with a target that may take part now. All methods are safe from
    any thread.
    """

    def __init__(self, on_admitted: Callable[[TargetKey], None]) -> None:
        self._on_admitted = on_admitted
        self._lock = threading.Lock()
        self._admitted: set[TargetKey] = set()
        self._expected: dict[TargetKey, HealthCheck] = {}
        self._tasks: dict[TargetKey, asyncio.Task[None]] = {}
        self._looking: dict[TargetKey, asyncio.Task[None]] = {}
        self._answers: dict[TargetKey, TargetHealth] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="admission", daemon=True)
        self._thread.start()

    def expect(self, targets: Mapping[TargetKey, HealthCheck]) -> None:
        """These are all the targets there are. New ones begin to be checked, those that left are forgotten."""
        wanted = dict(targets)
        with self._lock:
            # The set is replaced and not changed in place, since other threads read it.
            self._admitted = self._admitted & wanted.keys()
            self._expected = wanted
        self._loop.call_soon_threadsafe(self._follow, wanted)

    def admitted(self) -> frozenset[TargetKey]:
        """The targets that may take part."""
        return frozenset(self._admitted)

    def answer(self, key: TargetKey) -> TargetHealth | None:
        """What the last check here found; it is asked for anew, at most once in the check's interval."""
        self._loop.call_soon_threadsafe(self._look, key)
        return self._answers.get(key)

    def _follow(self, wanted: Mapping[TargetKey, HealthCheck]) -> None:
        for key in [key for key in self._tasks if key not in wanted]:
            self._tasks.pop(key).cancel()
        for key in [key for key in self._looking if key not in wanted]:
            self._looking.pop(key).cancel()
        self._answers = {key: answer for key, answer in self._answers.items() if key in wanted}
        for key in wanted:
            if key not in self._admitted and key not in self._tasks:
                self._tasks[key] = self._loop.create_task(self._admit(key))

    async def _admit(self, key: TargetKey) -> None:
        since = self._loop.time()
        while (wanted := self._expected.get(key)) is not None:
            answer = await check(key[1], wanted)
            self._answers[key] = answer
            if answer.state == "healthy" or self._loop.time() - since >= initial_seconds(wanted):
                break
            await asyncio.sleep(PAUSE_SECONDS)
        self._tasks.pop(key, None)
        with self._lock:
            admitted = key in self._expected
            if admitted:
                self._admitted = self._admitted | {key}
        if admitted:
            self._on_admitted(key)

    def _look(self, key: TargetKey) -> None:
        if key in self._expected and key not in self._looking:
            self._looking[key] = self._loop.create_task(self._look_once(key))

    async def _look_once(self, key: TargetKey) -> None:
        wanted = self._expected[key]
        self._answers[key] = await check(key[1], wanted)
        await asyncio.sleep(wanted.interval)
        self._looking.pop(key, None)

    def close(self) -> None:
        """Stop checking; returns when the thread has ended."""
        self._loop.call_soon_threadsafe(self._loop.create_task, self._stop())
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        tasks = [*self._tasks.values(), *self._looking.values()]
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        self._loop.stop()
