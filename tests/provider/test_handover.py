"""Handover as the engine drives it: the real provider process over gRPC, against a real control plane."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import grpc.aio
import pytest

from tests.provider.crew import LOG_GROUP, SCHEDULES, Crew, group, schedule
from tests.provider.engine import HANDOVER, SHIFT, Engine
from tests.provider.test_shift import refused, until

Inputs = Callable[..., dict[str, Any]]
V1, V2 = "ab12cd34", "c0ffee12"


@pytest.fixture
def crew(cloud: Any) -> Iterator[Crew]:
    made = Crew(cloud, V1, V2)
    yield made
    made.stop()


@pytest.fixture
def handing(cloud: Any, crew: Crew, inputs: Inputs) -> Inputs:
    """Inputs of a Handover to the new release, changed by name."""

    def make(**changes: Any) -> dict[str, Any]:
        shift = inputs()
        for name in ("steps", "observe", "drain"):
            del shift[name]
        return {
            **shift,
            "formerRelease": V1,
            "formerVersion": "v1",
            "formerTargetGroupArn": cloud.old,
            "workers": {"worker": group(V2)},
            "resting": {V1: {"worker": group(V1)}},
            "logGroups": {"worker": LOG_GROUP},
            "queues": [{"name": "jobs", "url": crew.queue, "dead": crew.dead}],
            "schedules": [schedule("of v2")],
            "scheduleGroup": SCHEDULES,
            "deadline": 60,
            "drain": 5,
            "bake": 2,
            **changes,
        }

    return make


@pytest.fixture
def of_v1(cloud: Any, handing: Inputs) -> dict[str, Any]:
    """Inputs of the Handover to the former release, as an update that wants nothing else says them."""
    return handing(
        release=V1,
        version="v1",
        targetGroupArn=cloud.old,
        workers={"worker": group(V1)},
        resting={V2: {"worker": group(V2)}},
        schedules=[schedule("of v1")],
    )


@pytest.fixture
async def former(engine: Engine, of_v1: dict[str, Any], olds: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state after the handover to v1, which has everything."""
    made = await engine.create(HANDOVER, of_v1)
    return {name: value for name, value in made.items() if name != "id"}


@pytest.fixture
async def shifted(
    engine: Engine, cloud: Any, inputs: Inputs, olds: Mapping[str, Any], former: Mapping[str, Any]
) -> Mapping[str, Any]:
    """All traffic is on v2, by the shift of this very provider; workers and schedules are v1's."""
    by_ledger = {"formerRelease": V1, "formerVersion": "v1", "formerTargetGroupArn": cloud.old}
    done = await engine.update(SHIFT, olds, inputs(steps=[100], observe=0, **by_ledger))
    assert cloud.weights() == {V2: 100}
    return done


async def test_everything_becomes_the_new_releases_and_it_is_baked(
    engine: Engine, cloud: Any, crew: Crew, handing: Inputs, former: Mapping[str, Any], shifted: Any
) -> None:
    assert (crew.working(), crew.held()) == ({V1}, {"nightly": "of v1"})
    done = await engine.update(HANDOVER, former, handing())
    assert (crew.working(), crew.listed(), crew.held()) == ({V2}, [V2], {"nightly": "of v2"})
    assert done["bakedUntil"]
    assert done["working"] == [V2]
    assert "baked 2 s: errors" in done["observed"]
    assert any(line.startswith("baking ") and "of 2 s, errors" in line for line in engine.lines.said)
    assert not (await engine.diff(HANDOVER, done, handing(back=True, bake=60))).diffs
    assert cloud.weights() == {V2: 100}


async def test_a_worker_that_crashes_sends_everything_back_and_the_next_update_ends_well(
    engine: Engine,
    cloud: Any,
    crew: Crew,
    handing: Inputs,
    inputs: Inputs,
    of_v1: dict[str, Any],
    former: Mapping[str, Any],
    shifted: Mapping[str, Any],
) -> None:
    crew.crashing.add(V2)
    text = await refused(engine.update(HANDOVER, former, handing()))
    assert "turn: failed: worker ended 3 times in 4 s" in text
    assert "| KeyError: 'QUEUE_JOBS_URL'" in text
    assert "100 % on v1 (ab12cd34), proven by" in text
    assert "workers of v1 (ab12cd34): 1 working, the schedules are those of v1" in text
    assert cloud.weights() == {V1: 100}
    assert (crew.working(), crew.listed(), crew.held()) == ({V1}, [V1], {"nightly": "of v1"})
    assert not any(lease.get("pinned") for lease in cloud.leases().values())

    # The shift's state says v2 now. The program says that v1 is live, and without a wanted release wants just that.
    written = len(cloud.writes)
    live = {"formerRelease": V1, "formerVersion": "v1", "formerTargetGroupArn": cloud.old}
    wanted = inputs(release=V1, version="v1", targetGroupArn=cloud.old, observe=60, **live)
    assert list((await engine.diff(SHIFT, shifted, wanted)).diffs)
    mended = await engine.update(SHIFT, shifted, wanted)
    assert len(cloud.writes) == written
    assert not (await engine.diff(HANDOVER, former, of_v1)).diffs

    # And the mended new release goes by its steps again.
    crew.crashing.clear()
    same, again = inputs(steps=[100], observe=0, **live), inputs(**live)
    assert list((await engine.diff(SHIFT, shifted, same)).diffs) == ["weights"], "wanted again at once"
    await engine.update(SHIFT, mended, again)
    assert [weights.get(V2, 0) for _, weights in cloud.writes[written:]] == [5, 50, 100]
    await engine.update(HANDOVER, former, handing())
    assert crew.working() == {V2}


async def test_a_cancel_while_it_bakes_brings_everything_back(
    engine: Engine, cloud: Any, crew: Crew, handing: Inputs, former: Mapping[str, Any], shifted: Any
) -> None:
    update = asyncio.ensure_future(engine.update(HANDOVER, former, handing(bake=60)))
    await until(lambda: any("baking" in line for line in engine.lines.said))
    assert crew.held() == {"nightly": "of v2"}
    await engine.cancel()
    await until(lambda: cloud.weights() == {V1: 100}, 2)
    assert "100 % on v1 (ab12cd34), proven by" in await refused(update)
    assert (crew.working(), crew.held()) == ({V1}, {"nightly": "of v1"})


@pytest.mark.parametrize("end", ["cancel", "death", "signal"])
async def test_a_shift_that_no_handover_follows_is_undone_by_whoever_ends_the_provider(
    engine: Engine,
    cloud: Any,
    crew: Crew,
    handing: Inputs,
    former: Mapping[str, Any],
    shifted: Any,
    end: str,
) -> None:
    if end == "cancel":
        # As the engine says at each of its ends; it goes when it has the answer.
        await engine.cancel()
        assert cloud.weights() == {V1: 100}
        text = await refused(engine.update(HANDOVER, former, handing()))
        assert "100 % on v1 (ab12cd34), proven by" in text
    elif end == "death":
        await engine.die()
    else:
        engine.process.send_signal(signal.SIGINT)
    await until(lambda: cloud.weights() == {V1: 100}, 4)
    if end != "cancel":
        await asyncio.wait_for(engine.process.wait(), 25)
    await until(lambda: all(lease["released"] for lease in cloud.leases().values()))
    assert any(
        "proven by" in lease["outcome"] or "put back" in lease["outcome"] for lease in cloud.leases().values()
    )
    assert (crew.working(), crew.held()) == ({V1}, {"nightly": "of v1"})


async def test_a_shift_stays_where_no_handover_is_needed_after_it(
    engine: Engine, cloud: Any, crew: Crew, handing: Inputs, former: Mapping[str, Any], shifted: Any
) -> None:
    done = await engine.update(HANDOVER, former, handing(bake=0))
    await engine.cancel()
    assert cloud.weights() == {V2: 100}
    assert done["bakedUntil"] == ""


async def test_the_death_of_the_engine_while_it_bakes_brings_everything_back(
    engine: Engine, cloud: Any, crew: Crew, handing: Inputs, former: Mapping[str, Any], shifted: Any
) -> None:
    update = asyncio.ensure_future(engine.update(HANDOVER, former, handing(bake=60)))
    await until(lambda: any("baking" in line for line in engine.lines.said))
    await engine.die()
    with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
        await update
    await asyncio.wait_for(engine.process.wait(), 25)
    assert cloud.weights() == {V1: 100}
    assert (crew.working(), crew.held()) == ({V1}, {"nightly": "of v1"})


async def test_a_killed_handover_is_drift_for_the_next_update_which_brings_everything_together(
    engine: Engine,
    cloud: Any,
    crew: Crew,
    handing: Inputs,
    of_v1: dict[str, Any],
    former: Mapping[str, Any],
    shifted: Any,
) -> None:
    update = asyncio.ensure_future(engine.update(HANDOVER, former, handing(bake=60)))
    await until(lambda: any("baking" in line for line in engine.lines.said))
    engine.process.kill()
    with pytest.raises(grpc.aio.AioRpcError):
        await update
    later = Engine(cloud.variables)
    await later.start()
    try:
        drifted = await later.diff(HANDOVER, former, of_v1)
        assert sorted(drifted.diffs) == ["schedules", "working"]
        assert any("nightly was changed" in line for line in later.lines.noted)
        await later.update(HANDOVER, former, of_v1)
        assert (crew.working(), crew.listed(), crew.held()) == ({V1}, [V1], {"nightly": "of v1"})
    finally:
        await later.close()


async def test_a_schedule_changed_by_hand_is_drift_by_name_and_the_next_update_mends_it(
    engine: Engine, crew: Crew, of_v1: dict[str, Any], former: Mapping[str, Any]
) -> None:
    assert not (await engine.diff(HANDOVER, former, of_v1)).diffs
    crew.by_hand("nightly", "of nobody")
    _, read = await engine.read(HANDOVER, former)
    assert [entry["input"] for entry in read["held"]] == ["of nobody"]
    assert list((await engine.diff(HANDOVER, former, of_v1)).diffs) == ["schedules"]
    assert engine.lines.noted[-1].endswith("nightly was changed")
    mended = await engine.update(HANDOVER, former, of_v1)
    assert crew.held() == {"nightly": "of v1"}
    assert mended["handedAt"] == former["handedAt"]
    assert not (await engine.diff(HANDOVER, mended, of_v1)).diffs


async def test_deleted_it_leaves_no_schedule_and_deleting_again_is_fine(
    engine: Engine, crew: Crew, former: Mapping[str, Any]
) -> None:
    await engine.delete(HANDOVER, former)
    assert crew.held() == {}
    await engine.delete(HANDOVER, former)


async def test_a_preview_tells_nobody_anything(
    engine: Engine, crew: Crew, cloud: Any, handing: Inputs
) -> None:
    await engine.create(HANDOVER, handing(), preview=True)
    assert crew.held() == {}
    assert crew.working() == set()
    assert cloud.leases() == {}
