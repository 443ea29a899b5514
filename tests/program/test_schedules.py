"""Schedules in the program: what the preview shows, what is refused at once, what the outputs tell."""

from __future__ import annotations

import json

import pytest

from release.model import Manifest, Schedule, freeze
from tests.program.recording import Recording, World, live_after, manifest, run

TICK = Schedule(name="tick", expression="rate(1 minute)", queue="jobs", message='{"tick": 1}')
TIDY = Schedule(name="tidy", expression="cron(0 3 * * ? *)", timezone="Europe/Berlin", command="make tidy")


def scheduling(version: str, *schedules: Schedule) -> Manifest:
    return manifest(version, schedules=schedules)


ONE, TWO = scheduling("1", TICK), scheduling("2", TICK, TIDY)
LIVE = freeze(ONE, {})


def releasing(wanted: Manifest, monkeypatch: pytest.MonkeyPatch, **changes: object) -> Recording:
    changed = {"uneventful:release": wanted.version, **changes}
    return run(World(published=(wanted,), ledger=live_after(LIVE), changes=changed), monkeypatch)


def test_the_preview_names_the_schedules_that_the_release_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = releasing(TWO, monkeypatch)
    assert recording.exit_status == 0, recording.errors
    shown = next(text for level, text in recording.said if level == "INFO")
    assert "tidy is added: cron(0 3 * * ? *) in Europe/Berlin, runs make tidy" in shown
    assert "tick" not in "".join(line for line in shown.splitlines() if "schedule:" in line)


def test_a_schedule_for_a_queue_that_is_not_there_is_refused_before_anything_is_touched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = scheduling("3", TICK.model_copy(update={"queue": "mails"}))
    recording = releasing(lost, monkeypatch)
    assert recording.exit_status == 32
    assert "mails" in recording.errors
    assert "Traceback" not in recording.errors
    assert recording.resources == []


def test_a_queue_that_a_warm_release_would_need_on_the_way_back_cannot_be_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = scheduling("4", TICK.model_copy(update={"queue": "mails"}))
    recording = run(
        World(
            published=(moved,),
            ledger=live_after(freeze(scheduling("0", TICK.model_copy(update={"queue": "old"})), {})),
            changes={"uneventful:release": "4", "uneventful:queues": {"mails": {}}},
        ),
        monkeypatch,
    )
    assert recording.exit_status == 32
    assert "version 0" in recording.errors
    assert recording.resources == []


def test_the_outputs_tell_what_the_scheduler_holds_for_each_release_that_could_serve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = releasing(TWO, monkeypatch)
    held = recording.outputs["schedules"]
    tick = {
        "name": "tick",
        "expression": "rate(1 minute)",
        "timezone": "UTC",
        "targetArn": "arn:aws:made:::queue-jobs",
        "roleArn": "arn:aws:iam::111122223333:role/scheduler",
        "input": '{"tick": 1}',
    }
    assert held[LIVE.id] == [tick]
    again, tidy = held[freeze(TWO, {}).id]
    assert again == tick
    assert (tidy["targetArn"], tidy["timezone"]) == ("arn:aws:made:::queue-commands", "Europe/Berlin")
    order = json.loads(tidy["input"])
    assert (order["command"], order["by"], order["version"]) == ("make tidy", "schedule tidy", "2")
    assert order["digest"] == TWO.digest
    assert recording.outputs["scheduleGroup"]
    assert "schedules" not in recording.secret_outputs
