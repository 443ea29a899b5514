"""What a refresh found, from events as the engine (v3.259.0) has written them."""

from __future__ import annotations

import json
from typing import Any

from release.cli.refreshed import drifted

URN = "urn:pulumi:dev::shop::uneventful:infra:Queues$aws:sqs/queue:Queue::"


def event(kind: str, op: str, name: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> str:
    metadata = {"op": op, "urn": f"{URN}{name}", "old": old, "new": new}
    return json.dumps({"sequence": 1, kind: {"metadata": metadata}})


def test_what_is_gone_or_changed_is_named_without_its_values_and_what_is_only_asked_for_is_not() -> None:
    token = {"outputs": {"token": "s3cret", "size": 1}}
    other = {"outputs": {"token": "other", "size": 1, "more": True, "none": []}}
    lines = [
        event("resourcePreEvent", "refresh", "jobs", token, token),
        event("resOutputsEvent", "update", "jobs", token, other),
        event("resOutputsEvent", "same", "quiet", token, token),
        event("resOutputsEvent", "delete", "dead", token, None),
        '{"summaryEvent": {"resourceChanges": {"update": 1}}}',
        '{"half a li',
    ]
    assert tuple(map(str, drifted(lines))) == (
        "aws:sqs/queue:Queue dead: gone in AWS",
        "aws:sqs/queue:Queue jobs: more, token changed in AWS",
    )
    assert drifted(lines[:1]) == ()
