"""Timelines as a provider writes them, from releases in a simulated world."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from release.errors import UneventfulError
from release.provider.notebook import About, Notebook, Page
from release.provider.shift import Recorded, Shift
from release.timeline import Timeline
from tests.unit.release.virtual_time import run
from tests.unit.release.world import OLD, World, inputs

OLD_ONE = Recorded(OLD, "v1 (ab12cd34)", "2026-01-01T00:00:00Z")


class Kept:
    """What was written, by key, and when (s)."""

    def __init__(self, world: World) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts: list[float] = []
        self._world = world

    async def put(self, key: str, body: bytes, patience: float = 0.0) -> None:
        await asyncio.sleep(0.05)
        self.puts.append(self._world.clock())
        self.objects[key] = body


def told(world: World, cancel_at: float | None = None, **changes: Any) -> tuple[Timeline, Kept]:
    """The timeline of a shift in that world, and what was kept of it; cancelled at that moment, if one is given."""
    return run(telling(world, cancel_at, **changes))


async def telling(world: World, cancel_at: float | None, **changes: Any) -> tuple[Timeline, Kept]:
    kept = Kept(world)
    notebook = Notebook(world.now, "anna on laptop")
    page = notebook.page(About("dev", "c0ffee12", "v2"), kept)
    task = asyncio.ensure_future(shifting(world, page, **changes))
    if cancel_at is not None:
        asyncio.get_running_loop().call_later(cancel_at, task.cancel, "the update was cancelled")
    await asyncio.wait([task])
    await notebook.written(60)
    return page.timeline, kept


async def shifting(world: World, page: Page, **changes: Any) -> None:
    page("gate", healthy=2, probes=10, deadline=90.0)
    page("waiting", "0 of 2 healthy, 0 s of 90 s, last: no target registered", healthy=0, targets=0)
    await asyncio.sleep(12)
    page("passed", "2 of 2 healthy and 10 probes in a row answered by c0ffee12 after 12.0 s", seconds=12.0)
    page.from_former(OLD_ONE.label)
    ports = replace(world.ports("anna on laptop (process 1)"), record=page)
    try:
        with page.telling():
            await Shift(inputs().model_copy(update=changes), OLD_ONE, ports).run()
    except UneventfulError:
        return
    page.end("live", "traffic, workers and schedules are those of v2 (c0ffee12)")
