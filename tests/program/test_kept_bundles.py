"""Which bundles nobody can delete: those of what is live and warm, at every moment of an update."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.program.recording import BUCKET, Recording, Registered, World, release, run
from tests.program.test_release import AFTER_V2, wanting

V1, V2, V3 = release("1"), release("2"), release("3")
MOVING = {"uneventful:index:TrafficShift", "uneventful:index:Handover"}


def policy_of(recording: Recording) -> Registered:
    return recording.one("s3/bucketPolicy:BucketPolicy", "bundles")


def statements(recording: Recording) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(policy_of(recording).inputs["policy"])["Statement"]
    return found


def test_before_there_is_a_release_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [statement["Sid"] for statement in statements(run(World(), monkeypatch))] == ["TlsOnly"]


def test_the_bundles_of_what_is_live_and_warm_are_kept_by_object_and_by_version_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, kept = statements(run(World(ledger=AFTER_V2), monkeypatch))
    assert (kept["Effect"], kept["Principal"]) == ("Deny", "*")
    assert kept["Action"] == ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    assert set(kept["Resource"]) == {f"arn:aws:s3:::{BUCKET}/{each.manifest.key}" for each in (V1, V2)}


def test_the_bundle_of_who_leaves_is_let_go_only_once_the_traffic_has_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(wanting("3", ledger=AFTER_V2), monkeypatch)
    _, kept = statements(recording)
    assert set(kept["Resource"]) == {f"arn:aws:s3:::{BUCKET}/{each.manifest.key}" for each in (V2, V3)}
    assert {kind for kind, _ in policy_of(recording).after} & MOVING


def test_nothing_that_a_release_waits_for_waits_for_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(wanting("3", ledger=AFTER_V2), monkeypatch)
    policy = policy_of(recording)
    waiting = {each.name for each in recording.resources if policy.key in each.after}
    assert waiting == {"destroy-guard"}
    # It was one of the bucket's own parts before, and is the same policy still.
    assert (policy.parent, policy.formerly) == ("release", ("bundles",))
