"""A rollback in the middle of a shift: the shift's own process gives way, and there is one writer at a time."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.provider.engine import SHIFT, Engine
from tests.provider.test_shift import refused, until

Inputs = Callable[..., dict[str, Any]]


async def test_a_shift_gives_way_puts_its_traffic_back_first_and_writes_no_more(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any], back: Callable[[str], Any]
) -> None:
    third = next((g for g, name in cloud.releases.items() if name == "33333333"), "") or cloud.release(
        "33333333"
    )
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(
        lambda: cloud.weights().get("c0ffee12") == 5 and any("observing" in x for x in engine.lines.said)
    )
    moved = await back("33333333")
    assert "the shift was told to stop" not in (text := await refused(update))
    assert text.startswith(f"ben on desk (process {os.getpid()}) asked for the weights: it is bad")
    assert "100 % on v1 (ab12cd34)" in text
    assert moved.wrote
    assert moved.last_other is None or moved.last_other - moved.written < 1
    assert [weights for _, weights in cloud.writes][-2:] == [{"ab12cd34": 100}, {"33333333": 100}]
    # Whoever drives the shift on finds the traffic pinned where the person asked.
    text = await refused(engine.update(SHIFT, olds, inputs()))
    assert "a rollback gave it to another release" in text
    assert cloud.weights() == {"33333333": 100}
    done = await engine.update(
        SHIFT, olds, inputs(release="33333333", version="v0", targetGroupArn=third, observe=60, back=True)
    )
    assert "by rollback" in done["observed"]
    assert len(cloud.leases()) == 1


async def test_a_killed_shift_is_rolled_back_without_its_process(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any], back: Callable[[str], Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(lambda: cloud.weights().get("c0ffee12") == 5)
    engine.process.kill()
    update.cancel()
    begun = time.monotonic()
    await back("ab12cd34")
    assert cloud.weights() == {"ab12cd34": 100}
    assert time.monotonic() - begun < 11
