"""TrafficShift as the engine drives it: the real provider process over gRPC, against a real control plane."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

import grpc.aio
import pytest

from tests.provider.cloud import BUCKET
from tests.provider.engine import SHIFT, Engine

Inputs = Callable[..., dict[str, Any]]


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Return when it is so; fail when it is not in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def refused(call: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    assert error.value.code() is grpc.StatusCode.ABORTED
    text = error.value.details() or ""
    assert "Traceback" not in text
    assert ".py" not in text
    return text


async def test_the_first_release_is_made_the_one_that_serves(
    engine: Engine, cloud: Any, inputs: Inputs
) -> None:
    made = await engine.create(SHIFT, inputs())
    assert cloud.weights() == {"c0ffee12": 100}
    assert made["weights"] == {cloud.new: 100}
    assert made["liveAt"].endswith("Z")
    assert "proven by" in made["observed"]
    assert [lease["released"] for lease in cloud.leases().values()] == [True]


async def test_an_update_moves_traffic_step_by_step_and_tells_so(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    done = await engine.update(SHIFT, olds, inputs())
    assert [weights.get("c0ffee12", 0) for _, weights in cloud.writes] == [0, 5, 50, 100]
    assert cloud.weights() == {"c0ffee12": 100}
    assert done["weights"] == {cloud.new: 100}
    assert len(engine.lines.noted) == 3
    assert any("observing" in line and "errors" in line for line in engine.lines.said)


async def test_after_a_shift_there_is_nothing_left_to_do(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    done = await engine.update(SHIFT, olds, inputs(back=True))
    # That it was the way back is not said again by the next update.
    assert not (await engine.diff(SHIFT, done, inputs(back=False))).diffs
    written = len(cloud.writes)
    again = await engine.update(SHIFT, done, inputs(observe=2))
    assert len(cloud.writes) == written
    assert again["liveAt"] == done["liveAt"]


async def test_a_cancel_puts_the_weights_back_within_a_second_and_proves_it(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(
        lambda: cloud.weights().get("c0ffee12") == 5 and any("observing" in x for x in engine.lines.said)
    )
    begun = time.monotonic()
    await engine.cancel()
    await until(lambda: cloud.weights() == {"ab12cd34": 100}, 1)
    assert time.monotonic() - begun < 1
    text = await refused(update)
    assert text.startswith("the update was cancelled")
    assert "100 % on v1 (ab12cd34), proven by" in text
    assert "pulumi up --stack dev" in text


async def test_the_death_of_the_engine_puts_the_weights_back_and_ends_the_process(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(lambda: cloud.weights().get("c0ffee12") == 5)
    await engine.die()
    await until(lambda: cloud.weights() == {"ab12cd34": 100}, 2)
    with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
        await update
    await asyncio.wait_for(engine.process.wait(), 25)
    (lease,) = cloud.leases().values()
    assert lease["released"]
    assert "100 % on v1 (ab12cd34), proven by" in lease["outcome"]


async def test_an_idle_provider_ends_when_its_engine_dies(engine: Engine) -> None:
    await engine.die()
    await asyncio.wait_for(engine.process.wait(), 5)


async def test_a_terminated_provider_puts_the_weights_back_before_it_ends(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(lambda: cloud.weights().get("c0ffee12") == 5)
    engine.process.terminate()
    await until(lambda: cloud.weights() == {"ab12cd34": 100}, 1)
    assert "SIGTERM" in await refused(update)
    await asyncio.wait_for(engine.process.wait(), 5)


async def test_a_killed_provider_is_taken_over_from_where_it_left_the_weights(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(
        lambda: cloud.weights().get("c0ffee12") == 5 and any("observing" in x for x in engine.lines.said)
    )
    killed = time.monotonic()
    engine.process.kill()
    with pytest.raises(grpc.aio.AioRpcError):
        await update
    assert cloud.weights() == {"ab12cd34": 95, "c0ffee12": 5}
    later = Engine(cloud.variables)
    await later.start()
    try:
        begun = time.monotonic()
        next_update = asyncio.ensure_future(later.update(SHIFT, olds, inputs()))
        await until(lambda: "lease/000000000002.json" in cloud.leases(), 8)
        taken = time.monotonic()
        assert taken - killed > 4
        assert taken - begun < 7
        await next_update
    finally:
        await later.close()
    assert cloud.weights() == {"c0ffee12": 100}
    assert [w.get("c0ffee12", 0) for _, w in cloud.writes] == [0, 5, 50, 100]


async def test_a_bad_release_is_put_back_with_numbers(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    cloud.errors["c0ffee12"] = 0.2
    text = await refused(engine.update(SHIFT, olds, inputs(observe=5)))
    assert cloud.weights() == {"ab12cd34": 100}
    assert max(weights.get("c0ffee12", 0) for _, weights in cloud.writes) == 5
    assert "failed" in text
    assert "100 % on v1 (ab12cd34), proven by" in text
    assert "pulumi config rm uneventful:release --stack dev" in text


async def test_a_lagging_data_plane_and_a_throttled_api_only_take_longer(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    cloud.lag = 3.0
    cloud.throttle.update(elasticloadbalancing=0.1, s3=0.1, monitoring=0.1)
    await engine.update(SHIFT, olds, inputs(proof=30))
    assert cloud.weights() == {"c0ffee12": 100}


async def test_a_throttled_api_does_not_keep_the_weights_from_going_back(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(lambda: cloud.weights().get("c0ffee12") == 5)
    cloud.throttle.update(elasticloadbalancing=0.6, s3=0.6)
    await engine.cancel()
    assert "100 % on v1" in await refused(update)
    assert cloud.weights() == {"ab12cd34": 100}


async def test_metrics_that_cannot_be_read_put_the_weights_back(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(lambda: cloud.weights().get("c0ffee12") == 5)
    cloud.throttle["monitoring"] = 1.0
    text = await refused(update)
    assert "metrics cannot be read" in text
    assert cloud.weights() == {"ab12cd34": 100}


async def test_a_second_writer_is_refused_by_the_name_of_the_first(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    first = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=60)))
    await until(lambda: cloud.weights().get("c0ffee12") == 5)
    second = Engine(cloud.variables)
    await second.start()
    try:
        text = await refused(second.update(SHIFT, olds, inputs()))
    finally:
        await second.close()
    assert f"(process {engine.process.pid})" in text
    assert cloud.weights() == {"ab12cd34": 95, "c0ffee12": 5}
    await engine.cancel()
    await refused(first)


async def test_a_fenced_writer_never_writes_again(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(lambda: cloud.weights().get("c0ffee12") == 5)
    newer = json.dumps({"holder": "ben on desk (process 7)", "beats": 1, "released": False})
    cloud.client("s3").put_object(Bucket=BUCKET, Key="lease/000000000099.json", Body=newer.encode())
    text = await refused(update)
    assert "ben on desk (process 7)" in text
    assert "stopped writing" in text
    assert cloud.weights() == {"ab12cd34": 95, "c0ffee12": 5}


async def test_a_frozen_writer_that_wakes_after_another_took_over_never_writes_again(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(lambda: cloud.weights().get("c0ffee12") == 5)
    engine.process.send_signal(signal.SIGSTOP)
    second = Engine(cloud.variables)
    await second.start()
    try:
        await second.update(SHIFT, olds, inputs())
        written = len(cloud.writes)
        engine.process.send_signal(signal.SIGCONT)
        assert f"(process {second.process.pid})" in await refused(update)
    finally:
        engine.process.send_signal(signal.SIGCONT)
        await second.close()
    assert len(cloud.writes) == written
    assert cloud.weights() == {"c0ffee12": 100}


async def test_weights_changed_by_hand_are_drift_by_name_and_the_next_update_mends_them(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    cloud.set_weights({cloud.old: 60, cloud.new: 40})
    identity, read = await engine.read(SHIFT, olds)
    assert identity
    assert read["weights"] == {cloud.old: 60, cloud.new: 40}
    news = inputs(release="ab12cd34", version="v1", targetGroupArn=cloud.old)
    assert list((await engine.diff(SHIFT, olds, news)).diffs) == ["weights"]
    mended = await engine.update(SHIFT, olds, news)
    assert cloud.weights() == {"ab12cd34": 100}
    assert mended["liveAt"] == olds["liveAt"]
    assert not (await engine.diff(SHIFT, mended, news)).diffs


async def test_a_rule_that_somebody_removed_is_gone_for_read(
    engine: Engine, cloud: Any, olds: Mapping[str, Any]
) -> None:
    cloud.reset()
    identity, _ = await engine.read(SHIFT, olds)
    assert identity == ""


async def test_deleting_removes_the_rule_and_deleting_again_is_fine(
    engine: Engine, cloud: Any, olds: Mapping[str, Any]
) -> None:
    await engine.delete(SHIFT, olds)
    assert cloud.weights() == {}
    await engine.delete(SHIFT, olds)


async def test_another_listener_or_priority_needs_another_rule(
    engine: Engine, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    other = await engine.diff(SHIFT, olds, inputs(priority=39999, targetGroupArn=olds["targetGroupArn"]))
    assert list(other.replaces) == ["priority"]


async def test_a_preview_writes_nothing(engine: Engine, cloud: Any, inputs: Inputs) -> None:
    await engine.create(SHIFT, inputs(), preview=True)
    assert cloud.weights() == {}
    assert cloud.leases() == {}


async def test_inputs_that_cannot_be_used_are_named(engine: Engine, inputs: Inputs) -> None:
    found = await engine.check(SHIFT, inputs(steps=[50, 10, 100], observe=-1, maxErrorRate=2))
    assert sorted(found) == ["maxErrorRate", "observe", "steps"]
    assert "rise" in found["steps"]
