"""What keeps an environment from being touched by mistake."""

from __future__ import annotations

import pytest

from tests.program.recording import STACKS, Recorded, Recording, World, manifest, run


def test_only_production_keeps_what_cannot_be_had_back(recorded: Recorded) -> None:
    for stack in STACKS:
        kept = {resource.name for resource in recorded[stack].resources if resource.protect}
        assert kept >= (
            {"balancer", "bundles", "database", "destroy-guard"} if stack == "production" else set()
        )
        assert bool(kept) == (stack == "production")


def test_everything_that_can_be_deleted_is_kept_by_the_guard_that_goes_first(
    environment: Recording,
) -> None:
    guard = environment.one("pulumi:index:Stash", "destroy-guard")
    made = {
        r.key for r in environment.resources if not r.type.startswith(("pulumi:providers:", "uneventful:"))
    }
    assert made - {guard.key} <= guard.after


def test_a_release_is_kept_by_the_guard_too(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("production", {"uneventful:release": "1"}, published=(manifest("1"),))
    recording = run(world, monkeypatch)
    guard = recording.one("pulumi:index:Stash", "destroy-guard")
    assert {recording.one("autoscaling/group:Group").key, recording.one("TrafficShift").key} <= guard.after


def test_an_accepted_risk_is_repeated_and_no_longer_protects(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {
        "uneventful:database": {"deletion_protection": False},
        "uneventful:accept_risk": [{"deletion-protection-off": "we move to another account"}],
    }
    recording = run(World("production", changes, preview=True), monkeypatch)
    assert recording.exit_status == 0, recording.errors
    warnings = [text for level, text in recording.said if level == "WARNING"]
    assert warnings == [
        "accepted risk deletion-protection-off: uneventful:database.deletion_protection is false; "
        "we move to another account"
    ]
    assert not [resource.key for resource in recording.resources if resource.protect]


def test_the_place_of_another_stack_file_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = {"uneventful:network": {"cidr": "10.10.0.0/20"}, "aws:allowedAccountIds": ["123456789012"]}
    recording = run(World("production", place, aws=False), monkeypatch)
    assert recording.resources == []
    assert recording.exit_status == 32
    assert "production and dev share account 123456789012" in recording.errors
