"""HealthGate as the engine drives it: the real provider process over gRPC."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import grpc.aio
import pytest

from release.provider.inputs import wired
from tests.provider.cloud import BUCKET
from tests.provider.engine import GATE, Engine
from tests.provider.test_shift import until


def gate_inputs(cloud: Any, **changes: Any) -> dict[str, Any]:
    return {
        "release": "c0ffee12",
        "version": "v2",
        "targetGroupArn": cloud.new,
        "healthy": 2,
        "probes": 5,
        "deadline": 10,
        "url": cloud.url,
        "headerName": "X-Uneventful-Release",
        "headerValue": wired("c0ffee12.key").with_secret(True),
        **changes,
    }


async def test_a_healthy_release_passes_and_the_evidence_is_kept(engine: Engine, cloud: Any) -> None:
    made = await engine.create(GATE, gate_inputs(cloud))
    assert made["passedAt"].endswith("Z")
    assert "2 of 2 healthy and 5 probes in a row answered by c0ffee12" in made["evidence"]
    assert not (await engine.diff(GATE, made, gate_inputs(cloud))).diffs
    assert list((await engine.diff(GATE, made, gate_inputs(cloud, healthy=3))).diffs) == ["healthy"]


async def test_a_release_without_targets_is_refused_with_numbers(engine: Engine, cloud: Any) -> None:
    wanted = gate_inputs(
        cloud, release="00000000", targetGroupArn=cloud.empty, headerValue="00000000.key", deadline=4
    )
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await engine.create(GATE, wanted)
    text = error.value.details() or ""
    assert re.search(
        r"0 of 2 healthy after \d+ s \(deadline 4 s\), last: no target registered; probes: 503 ×1$",
        text,
        re.M,
    ), (
        "each probe of a fleet that does not answer is an error of the balancer's own, and enough of them an alarm"
    )
    assert "nothing was moved" in text
    assert "00000000.key" not in text


async def test_probes_with_a_wrong_key_do_not_pass(engine: Engine, cloud: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="503 ×"):
        await engine.create(GATE, gate_inputs(cloud, headerValue="c0ffee12.guess", deadline=1))


async def test_a_cancel_ends_the_waiting_at_once(engine: Engine, cloud: Any) -> None:
    waiting = asyncio.ensure_future(
        engine.create(GATE, gate_inputs(cloud, targetGroupArn=cloud.empty, deadline=300))
    )
    async with asyncio.timeout(10):
        while not engine.lines.said:
            await asyncio.sleep(0.02)
    assert "0 of 2 healthy" in engine.lines.said[0]
    await engine.cancel()
    with pytest.raises(grpc.aio.AioRpcError, match="cancelled"):
        await asyncio.wait_for(waiting, 1)


async def test_an_abort_on_another_machine_ends_the_waiting_though_no_lease_is_held(
    engine: Engine, cloud: Any, back: Callable[[str], Any]
) -> None:
    cloud.set_weights({cloud.old: 100})
    cloud.follow_at_once()
    wanted = gate_inputs(cloud, targetGroupArn=cloud.empty, deadline=300, leaseBucket=BUCKET)
    waiting = asyncio.ensure_future(engine.create(GATE, wanted))
    await until(lambda: any("0 of 2 healthy" in line for line in engine.lines.said))
    assert not cloud.leases()
    await back("ab12cd34")
    with pytest.raises(grpc.aio.AioRpcError, match="was told to stop before it had any traffic"):
        await asyncio.wait_for(waiting, 5)
    # An update that migrated or booted until now hears it as well.
    with pytest.raises(grpc.aio.AioRpcError, match="all traffic is meant for ab12cd34"):
        await asyncio.wait_for(engine.create(GATE, gate_inputs(cloud, leaseBucket=BUCKET)), 5)


async def test_where_to_listen_is_no_reason_to_prove_a_release_again(engine: Engine, cloud: Any) -> None:
    made = await engine.create(GATE, gate_inputs(cloud))
    assert not (await engine.diff(GATE, made, gate_inputs(cloud, leaseBucket=BUCKET))).diffs
