"""Requests at their due times, whatever becomes of those before them (an open loop)."""

from __future__ import annotations

import asyncio
import errno
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localcloud.load.destination import Destination
from localcloud.load.exchange import Exchange, connect
from localcloud.load.mix import Kind, Mix
from localcloud.load.pool import Pool
from localcloud.load.request import Request
from localcloud.load.tally import Tally

TICK_SECONDS = 0.001
"""The generator wakes no more often than this; what came due meanwhile goes out together."""
NOTICE_SECONDS = 0.1
"""However low the rate, the end is noticed within this."""
SWEEP_SECONDS = 0.05
"""How often requests whose time is over are looked for."""


@dataclass(frozen=True)
class Schedule:
    """`rate` requests a second for `seconds` (None: until told to stop); each fails after `timeout`
    seconds."""

    rate: float
    seconds: float | None = None
    timeout: float = 10.0

    def due(self, number: int) -> float:
        """Seconds from the start until this request is due."""
        return number / self.rate

    def total(self) -> int | None:
        """How many requests there are in all."""
        return None if self.seconds is None else round(self.rate * self.seconds)


class Generator:
    """Sends by a schedule and tells a tally of every end. `clock` gives the wall clock's seconds."""

    def __init__(
        self,
        to: Destination,
        schedule: Schedule,
        mix: Mix,
        requests: Mapping[Kind, Request],
        tally: Tally,
        clock: Callable[[], float],
    ) -> None:
        self._to = to
        self._schedule = schedule
        self._mix = mix
        self._requests = requests
        self._tally = tally
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._pool = Pool(self._loop)
        self._waiting: deque[tuple[float, Exchange]] = deque()
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def in_flight(self) -> int:
        """Requests that were sent and have not ended."""
        return self._in_flight

    async def run(self, stop: asyncio.Event) -> None:
        """Send until the schedule ends or `stop` is set, then wait for what is in flight: at most the
        time-out."""
        sweeper = asyncio.create_task(self._sweep())
        try:
            await self._send_all(stop)
            await self._idle.wait()
        finally:
            sweeper.cancel()
            self._pool.close()

    async def _send_all(self, stop: asyncio.Event) -> None:
        total = self._schedule.total()
        started = self._clock()
        number = 0
        while not stop.is_set() and (total is None or number < total):
            due = started + self._schedule.due(number)
            wait = due - self._clock()
            if wait > 0:
                await asyncio.sleep(min(max(wait, TICK_SECONDS), NOTICE_SECONDS))
                continue
            self._send(number, due)
            number += 1
            if number % 64 == 0:
                # Answers are read even when more is due than can be sent.
                await asyncio.sleep(0)

    def _send(self, number: int, due: float) -> None:
        request = self._requests[self._mix.kind(number)]
        kept = self._mix.kept(number)
        now = self._clock()
        self._tally.send(request.kind, now - due)
        opened = self._pool.take() if kept else None
        reused = opened is not None
        if opened is None:
            try:
                opened = connect(self._to.address, self._to.port)
            except OSError as error:
                refused = error.errno == errno.ECONNREFUSED
                name = errno.errorcode.get(error.errno or 0, str(error.errno))
                failure = "connection refused" if refused else f"connect: {name}"
                self._tally.done(request.kind, due, now, 0, "", failure)
                return
        self._in_flight += 1
        self._idle.clear()
        exchange = Exchange(self._loop, opened, request, due, kept, reused, self._done)
        self._waiting.append((due + self._schedule.timeout, exchange))
        exchange.start()

    def _done(self, exchange: Exchange, failure: str) -> None:
        answer, request = exchange.answer, exchange.request
        status = 0 if failure else answer.status
        release = answer.release() if answer.status else ""
        if status >= 400:
            failure = f"http {status}"
        elif status and request.digest and answer.json().get("sha256", request.digest) != request.digest:
            failure = "bad body"
        self._tally.done(request.kind, exchange.due, self._clock(), status, release, failure)
        if exchange.kept:
            self._pool.give(exchange.take_socket())
        self._in_flight -= 1
        if self._in_flight == 0:
            self._idle.set()

    async def _sweep(self) -> None:
        while True:
            now = self._clock()
            while self._waiting and self._waiting[0][0] <= now:
                self._waiting.popleft()[1].expire()
            await asyncio.sleep(SWEEP_SECONDS)
