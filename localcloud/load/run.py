"""A whole run: signals, the live line, the closing object."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import time
from collections.abc import Callable
from typing import Any

from localcloud.load.destination import Destination
from localcloud.load.generator import Generator, Schedule
from localcloud.load.mix import Mix
from localcloud.load.request import requests
from localcloud.load.tally import Tally, milliseconds

LIVE_SECONDS = 1.0


def live_line(elapsed: float, rate: float, tally: Tally, in_flight: int, p99: float) -> str:
    """What the run has seen so far, in one line."""
    releases = " ".join(f"{name or '(none)'} {seen.answered}" for name, seen in tally.releases.items())
    failed = tally.failed.total()
    return (
        f"{elapsed:4.0f} s  {rate:.0f}/s  sent {tally.sent}  failed {failed}  in flight {in_flight}"
        f"  {releases}  p99 {p99:.0f} ms"
    )


async def run(
    to: Destination,
    schedule: Schedule,
    mix: Mix,
    slow_path: str = "/",
    upload_path: str = "/",
    upload_bytes: int = 0,
    live: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Send, until the schedule ends or SIGINT or SIGTERM comes, and answer the summary of
    `Tally.summary`. `live` is given a line each second."""
    _raise_file_limit()
    offset = time.time() - time.monotonic()

    def clock() -> float:
        # The wall clock as it was at the start, and steady from then on: a corrected clock makes no latency.
        return offset + time.monotonic()

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    tally = Tally()
    asked = requests(to, slow_path, upload_path, upload_bytes)
    generator = Generator(to, schedule, mix, asked, tally, clock)
    # A collection stops everything for up to 100 ms at high rates and would count as latency; requests make no cycles.
    gc.disable()
    started = clock()
    watcher = asyncio.create_task(_watch(live, tally, generator, clock)) if live else None
    try:
        await generator.run(stop)
    finally:
        gc.enable()
        if watcher:
            watcher.cancel()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return {"rate": schedule.rate, **tally.summary(started, clock())}


async def _watch(
    live: Callable[[str], None], tally: Tally, generator: Generator, clock: Callable[[], float]
) -> None:
    started = before = clock()
    sent = 0
    while True:
        await asyncio.sleep(LIVE_SECONDS)
        now = clock()
        p99 = milliseconds(tally.take_window())["p99"]
        rate = (tally.sent - sent) / (now - before)
        live(live_line(now - started, rate, tally, generator.in_flight, p99))
        sent, before = tally.sent, now


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
