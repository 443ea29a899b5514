"""A timeline tells what happened, whatever happened, holds no secret, and is never written while weights go back."""

from __future__ import annotations

import asyncio
import json

import pytest

from release.audit.masking import Mask
from release.errors import (
    GateError,
    LeaseLost,
    ProviderFault,
    RollbackUnrecorded,
    ShiftCancelled,
    ShiftRefused,
    StoreError,
    UneventfulError,
    WeightsNotRestored,
)
from release.provider.notebook import About, Notebook, outcome_of
from release.timeline import Event, Timeline, dump, key, parse, read, releases
from tests.unit.release.report.told import told
from tests.unit.release.virtual_time import run
from tests.unit.release.world import NEW, World, behaving

SAMPLE = {"new": {"requests": 1, "errors": 0, "mean": 2.5}, "old": {"requests": 9, "errors": 0, "mean": 1.0}}


def timeline(
    *events: Event, release: str = "c0ffee12", started: str = "2026-01-01T10:01:42.123Z"
) -> Timeline:
    return Timeline(release, "v2", "v1 (ab12cd34)", started, "", "", events, "anna")


class Bucket(dict[str, bytes]):
    async def keys(self, prefix: str) -> list[str]:
        return sorted(each for each in self if each.startswith(prefix))

    async def get(self, key: str) -> bytes:
        return self[key]


def test_what_is_dumped_is_what_is_parsed() -> None:
    whole = timeline(Event("2026-01-01T10:01:43.000Z", "sample", "ünïcode", SAMPLE))
    assert parse(dump(whole)) == whole
    assert key("dev", whole) == "timelines/dev/c0ffee12/20260101T100142Z.json"


@pytest.mark.parametrize(
    "stored", [b"", b"[]", b"null", b'{"format": 2}', b'{"format": 1}', b'{"format": 1, "outcome": "odd"}']
)
def test_what_is_no_timeline_is_refused_by_name(stored: bytes) -> None:
    with pytest.raises(StoreError, match="timelines/x is no timeline"):
        parse(stored, "timelines/x")


def test_no_text_of_it_holds_a_secret_however_deep() -> None:
    secret = "0f1e2d3c4b5a6978"
    held = timeline(Event("", "refused", f"| key {secret}", {"seen": [f"at {secret}"], "how": {"a": secret}}))
    assert secret.encode() not in dump(held, Mask([secret]))
    assert b"hunter22" not in dump(timeline(Event("", "refused", "| DB_PASSWORD=hunter22")))


def test_a_bake_of_days_stays_readable_and_loses_no_decision() -> None:
    events = [Event("", "sample", "", SAMPLE) for _ in range(9000)]
    whole = parse(dump(timeline(Event("", "gate"), *events, Event("", "refused", "why"))))
    assert len(whole.events) <= 2000
    assert [each.kind for each in whole.events if each.kind != "sample"] == ["gate", "refused"]


def test_those_of_a_release_are_read_the_latest_first() -> None:
    starts = ("2026-01-01T10:00:00.000Z", "2026-01-03T10:00:00.000Z", "2026-01-02T10:00:00.000Z")
    bucket = Bucket({key("dev", each): dump(each) for each in (timeline(started=start) for start in starts)})
    other = timeline(release="ab12cd34", started="2026-01-04T10:00:00.000Z")
    bucket[key("dev", other)] = dump(other)
    assert [each.started for each in run(read(bucket, "dev", "c0ffee12"))] == sorted(starts, reverse=True)
    assert run(releases(bucket, "dev")) == ("ab12cd34", "c0ffee12")
    assert run(releases(bucket, "de")) == ()


def test_a_good_release_is_told_from_its_gate_to_its_last_step() -> None:
    whole, kept = told(World())
    assert whole.outcome == "live"
    assert [each.data["share"] for each in whole.of("step")] == [1, 5, 25, 50, 100]
    assert all(each.data["new"]["requests"] > 0 for each in whole.of("step"))
    (stored,) = kept.objects.values()
    assert parse(stored) == whole
    assert len(kept.puts) >= 5, "also between its steps, for one that is killed"


@pytest.mark.parametrize("cancel_at", [None, 15.0, 19.0])
def test_nothing_is_written_between_a_doubt_and_the_weights_being_back(cancel_at: float | None) -> None:
    world = World() if cancel_at else behaving(World(), NEW, errors=0.05)
    whole, kept = told(world, cancel_at)
    began = world_seconds(whole, "doubt")
    ended = world_seconds(whole, "back")
    assert whole.outcome == ("stopped" if cancel_at else "refused")
    assert kept.puts[-1] >= ended
    # What was on its way when the doubt came had begun before it.
    assert not [at for at in kept.puts if began + 0.05 < at < ended]


def world_seconds(whole: Timeline, kind: str) -> float:
    """When the first such event was, in seconds of the world, which begins with its day."""
    event = whole.first(kind)
    assert event is not None
    hours, minutes, seconds = event.at.partition("T")[2].rstrip("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_a_store_that_fails_or_never_answers_is_nobodys_trouble() -> None:
    class Broken:
        async def put(self, key: str, body: bytes, patience: float = 0.0) -> None:
            if patience:
                await asyncio.sleep(1e6)
            raise OSError("no bucket")

    async def noting() -> float:
        loop = asyncio.get_running_loop()
        notebook = Notebook(World().now, "anna")
        page = notebook.page(About("dev", "c0ffee12"), Broken())
        page("passed")
        await asyncio.sleep(1)
        page("step")
        page.end("live")
        began = loop.time()
        await notebook.written(1.5)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        return loop.time() - began

    assert run(noting()) == pytest.approx(1.5, abs=0.1)


def test_what_nobody_has_told_the_end_of_is_ended_with_its_process_and_else_stays_open() -> None:
    async def noting() -> Timeline:
        notebook = Notebook(World().now, "anna")
        page = notebook.page(About("dev", "c0ffee12"), None)
        page("gate")
        assert page.timeline.ended == ""
        notebook.close()
        page.end("live")
        return page.timeline

    assert run(noting()).outcome == "ended"


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (GateError, "refused"),
        (ShiftRefused, "refused"),
        (ShiftCancelled, "stopped"),
        (RollbackUnrecorded, "stopped"),
        (LeaseLost, "failed"),
        (WeightsNotRestored, "failed"),
        (ProviderFault, "failed"),
    ],
)
def test_an_error_tells_what_became_of_the_release(kind: type[UneventfulError], outcome: str) -> None:
    assert outcome_of(kind("x")) == outcome


def test_json_alone_is_stored() -> None:
    assert json.loads(dump(timeline()))["format"] == 1
