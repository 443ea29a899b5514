"""What a provider leaves of a release in the bundle bucket, however the release ends, and in spite of the bucket."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

import grpc.aio
import pytest

from release.provider.inputs import wired
from release.timeline import Timeline, parse
from tests.provider.cloud import BUCKET
from tests.provider.engine import GATE, SHIFT, Engine
from tests.provider.test_gate import gate_inputs
from tests.provider.test_shift import refused, until

Inputs = Callable[..., dict[str, Any]]

KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def stored(cloud: Any) -> dict[str, bytes]:
    s3 = cloud.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="timelines/").get("Contents", ())
    return {each["Key"]: s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in found}


async def kept(cloud: Any, outcome: str, release: str = "c0ffee12") -> Timeline:
    """The one timeline of the release, as soon as it has ended so."""

    def found() -> list[Timeline]:
        all_of_it = [parse(body) for key, body in stored(cloud).items() if f"/{release}/" in key]
        return [each for each in all_of_it if each.outcome == outcome]

    await until(lambda: bool(found()), 10)
    (timeline,) = found()
    return timeline


def kinds(timeline: Timeline) -> list[str]:
    """Its kinds of events, samples apart, each repetition once."""
    told = [event.kind for event in timeline.events if event.kind not in ("sample", "waiting")]
    return [kind for place, kind in enumerate(told) if place == 0 or told[place - 1] != kind]


def secret_gate(cloud: Any) -> dict[str, Any]:
    return gate_inputs(
        cloud, headerValue=wired(f"c0ffee12.{KEY}").with_secret(True), leaseBucket=BUCKET, deadline=3
    )


async def test_a_release_that_is_refused_leaves_its_numbers_its_whole_error_and_no_secret(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    cloud.errors["c0ffee12"] = 0.5
    with pytest.raises(grpc.aio.AioRpcError):
        # The cloud knows another key: the gate is refused.
        await engine.create(GATE, secret_gate(cloud))
    gated = await kept(cloud, "refused")
    assert kinds(gated) == ["gate", "refused"]
    assert "was not seen healthy" in gated.events[-1].text
    assert all(KEY.encode() not in body for body in stored(cloud).values())
    assert all(key.startswith("timelines/dev/c0ffee12/20") for key in stored(cloud))


async def test_a_bad_release_tells_what_was_seen_then_the_way_back_then_why(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    cloud.errors["c0ffee12"] = 0.5
    error = await refused(engine.update(SHIFT, olds, inputs()))
    timeline = await kept(cloud, "refused")
    assert kinds(timeline) == ["shift", "written", "proven", "doubt", "put back", "back", "refused"]
    assert (timeline.version, timeline.former) == ("v2", "v1 (ab12cd34)")
    assert timeline.events[-1].text == error
    assert timeline.started <= timeline.events[0].at <= timeline.events[-1].at <= timeline.ended
    last = timeline.of("sample")[-1].data
    assert last["new"]["errors"] >= 2
    assert last["old"]["requests"] > last["new"]["requests"]
    assert timeline.first("doubt").data["expected"].startswith("at most")  # type: ignore[union-attr]


async def test_a_cancelled_release_leaves_its_timeline_before_its_engine_is_gone(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(lambda: cloud.weights().get("c0ffee12") == 5)
    await engine.cancel()
    await refused(update)
    # As the engine does at each of its ends: when this is answered it kills the process.
    await engine.cancel()
    engine.process.kill()
    timeline = await kept(cloud, "stopped")
    assert kinds(timeline)[-4:] == ["doubt", "put back", "back", "stopped"]
    assert "100 % on v1 (ab12cd34), proven by" in timeline.events[-1].text


async def test_a_provider_whose_engine_dies_writes_its_timeline_before_it_ends(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=30)))
    await until(lambda: cloud.weights().get("c0ffee12") == 5)
    await engine.die()
    with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
        await update
    await asyncio.wait_for(engine.process.wait(), 25)
    assert (await kept(cloud, "stopped")).events[-1].kind == "stopped"


async def test_a_killed_provider_leaves_what_it_had_done_until_its_last_step(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    update = asyncio.ensure_future(engine.update(SHIFT, olds, inputs(observe=1)))
    await until(lambda: cloud.weights().get("c0ffee12") == 50)
    await until(lambda: bool(stored(cloud)))
    engine.process.send_signal(signal.SIGKILL)
    with pytest.raises(grpc.aio.AioRpcError):
        await update
    timeline = await kept(cloud, "")
    assert timeline.ended == ""
    (step,) = timeline.of("step")
    assert step.data["share"] == 5
    assert step.data["new"]["requests"] > 0


async def test_a_shift_that_nothing_follows_is_told_as_ended_when_its_engine_goes(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any]
) -> None:
    await engine.update(SHIFT, olds, inputs())
    await engine.cancel()
    timeline = await kept(cloud, "ended")
    assert [step.data["share"] for step in timeline.of("step")] == [5, 50, 100]
    assert {"gate", "passed"} & set(kinds(timeline)) == set()


async def test_a_bucket_that_takes_nothing_costs_a_release_neither_its_end_nor_time(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    put = cloud._moto

    def only_leases(environ: dict[str, Any], start_response: Any) -> Any:
        if "/timelines/" in environ["PATH_INFO"]:
            asked.append(time.monotonic())
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            time.sleep(1.4)
            start_response("503 Slow Down", [("Content-Length", "0")])
            return [b""]
        return put(environ, start_response)

    monkeypatch.setattr(cloud, "_moto", only_leases)
    done = await engine.update(SHIFT, olds, inputs())
    assert done["weights"] == {cloud.new: 100}
    assert asked
    begun = time.monotonic()
    await engine.cancel()
    assert time.monotonic() - begun < 3
