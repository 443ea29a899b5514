"""What the program declares for the end of a warm release's time, and for the way back after it."""

from __future__ import annotations

import pytest

from release.ledger import Ledger, Terms, promote
from tests.program.recording import Recording, World, manifest, release, run
from tests.program.test_kept_bundles import MOVING
from tests.program.test_release import PUBLISHED, W1, W2, plan, states, wanting

V1, V2, V3 = release("1"), release("2"), release("3")


def left_at(at: str, *, boot: int = 1) -> Ledger:
    """1 stopped being live at that moment, and stays warm for an hour; 2 is live."""
    one = promote(Ledger(), V1, 1, "2020-01-01T00:00:00Z")
    ledger = promote(one, V2, 1, at, Terms(warm=3600))
    entries = tuple(entry.model_copy(update={"boot": boot}) for entry in ledger.entries)
    return Ledger(entries)


IN_TIME, OVER = left_at("2098-12-31T23:00:00Z"), left_at("2020-06-01T00:00:00Z")


def ends(recording: Recording) -> dict[str, str]:
    return {one.name: one.inputs["startTime"] for one in recording.of("autoscaling/schedule:Schedule")}


def groups(recording: Recording) -> set[str]:
    return {group.name for group in recording.of("autoscaling/group:Group")}


def test_who_stops_being_live_shrinks_when_its_time_is_over_and_not_before_the_traffic_has_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ledger = promote(Ledger(), W1, 1, "2026-01-01T00:00:00Z")
    world = World(
        published=(W2.manifest,),
        changes={"uneventful:release": "2", "uneventful:warm": "7200"},
        ledger=ledger,
    )
    recording = run(world, monkeypatch)
    assert ends(recording) == dict.fromkeys(
        (f"shrink-web-{W1.id}", f"shrink-worker-{W1.id}"), "2026-02-01T02:00:00Z"
    )
    for one in recording.of("autoscaling/schedule:Schedule"):
        assert (one.inputs["minSize"], one.inputs["maxSize"], one.inputs["desiredCapacity"]) == (0, 0, 0)
        assert {kind for kind, _ in one.after} & MOVING
    told = recording.outputs["ledger"]["entries"]
    assert [entry.get("warmUntil") for entry in told] == ["2026-02-01T02:00:00Z", None]


def test_the_moment_stays_whatever_the_settings_say_later(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(World(ledger=IN_TIME, changes={"uneventful:warm": "90"}), monkeypatch)
    assert ends(recording) == {f"shrink-web-{V1.id}": "2099-01-01T00:00:00Z"}
    assert recording.outputs["ledger"] == IN_TIME.dump()


def test_who_was_warm_before_there_was_a_time_stays_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    yesterday = promote(promote(Ledger(), V1, 1, ""), V2, 1, "2020-01-01T00:00:00Z")
    recording = run(World(ledger=yesterday), monkeypatch)
    assert (ends(recording), states(recording)) == ({}, {"1": "warm", "2": "live"})


def test_an_update_after_its_time_lets_it_go_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(World(ledger=OVER), monkeypatch)
    assert (ends(recording), groups(recording)) == ({}, {f"web-{V2.id}"})
    assert states(recording) == {"1": "retired", "2": "live"}
    assert "which was warm until 2020-06-01T01:00:00Z" in plan(recording)


def test_on_a_way_back_in_time_nothing_of_the_fleet_is_made_anew_and_nothing_is_left_to_shrink_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(wanting(f"id:{V1.id}", ledger=IN_TIME), monkeypatch)
    assert groups(recording) == {f"web-{V1.id}", f"web-{V2.id}"}
    assert set(ends(recording)) == {f"shrink-web-{V2.id}"}
    shift = recording.one("index:TrafficShift").inputs
    assert shift["groups"] == [f"web-{V1.id}-group"], (
        "the action that is left is AWS's until the end of the update"
    )


def test_on_a_way_back_after_its_time_its_instances_are_made_anew_and_prove_themselves_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(wanting(f"id:{V1.id}", ledger=OVER), monkeypatch)
    assert groups(recording) == {f"web-{V1.id}-2", f"web-{V2.id}"}
    assert {gate.name for gate in recording.of("index:HealthGate")} == {f"gate-{V1.id}-2", f"gate-{V2.id}"}
    group = recording.one("autoscaling/group:Group", f"web-{V1.id}-2")
    gate = recording.one("index:HealthGate", f"gate-{V1.id}-2")
    assert group.inputs["minSize"] > 0
    assert group.key in gate.after
    assert gate.key in recording.one("index:TrafficShift").after
    told = recording.outputs["ledger"]["entries"][-1]
    assert (told["release"]["version"], told["boot"]) == ("1", 2)
    assert "boots, at least" in plan(recording)


def test_the_groups_that_were_made_anew_stay_in_every_later_update(monkeypatch: pytest.MonkeyPatch) -> None:
    again = left_at("2098-12-31T23:00:00Z", boot=2)
    published = (*PUBLISHED, manifest("4"))
    settled = run(World(ledger=again), monkeypatch)
    released = run(World(ledger=again, published=published, changes={"uneventful:release": "4"}), monkeypatch)
    for recording in (settled, released):
        assert f"web-{V2.id}-2" in groups(recording)


def test_who_waits_to_be_gone_back_to_keeps_the_size_that_it_had_under_the_traffic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(wanting("3", ledger=IN_TIME), monkeypatch)
    scales_in = {
        policy.name: not policy.inputs["targetTrackingConfiguration"].get("disableScaleIn")
        for policy in recording.of("autoscaling/policy:Policy")
    }
    assert scales_in == {f"web-{V3.id}": True, f"web-{V2.id}": False}
