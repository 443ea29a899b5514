"""Who changed a resource, from events as CloudTrail tells them."""

from __future__ import annotations

import json
from typing import Any, cast

from release.aws import Calls
from release.trail import deeds


def event(at: str, call: str, **told: Any) -> dict[str, Any]:
    written = {
        "eventTime": at,
        "readOnly": False,
        "userIdentity": {"arn": "arn:aws:sts::1:assumed-role/Admin/anna"},
        "userAgent": "aws-cli/2.15 Python/3",
    }
    return {"EventName": call, "Username": "anna", "CloudTrailEvent": json.dumps(written | told)}


async def test_only_calls_that_changed_something_are_told_the_newest_first_and_three_at_most() -> None:
    known = {
        "jobs": [
            event("2026-01-01T00:00:01Z", "CreateQueue"),
            event("2026-01-01T00:00:05Z", "GetQueueAttributes", readOnly=True),
            event("2026-01-01T00:00:06Z", "DeleteQueue", errorCode="AccessDenied"),
            event("2026-01-01T00:00:02Z", "SetQueueAttributes"),
        ],
        "arn:jobs": [
            event("2026-01-01T00:00:02Z", "SetQueueAttributes"),
            event(
                "2026-01-01T00:00:03Z",
                "TagQueue",
                userIdentity={"type": "Root", "arn": "arn:aws:iam::1:root"},
            ),
            event("2026-01-01T00:00:04Z", "UntagQueue", userIdentity={}, userAgent=None),
        ],
    }

    async def asked(action: str, patience: float, **arguments: Any) -> dict[str, Any]:
        assert action == "lookup_events"
        return {"Events": known[arguments["LookupAttributes"][0]["AttributeValue"]]}

    found = await deeds(cast(Calls, asked), ("jobs", "arn:jobs"))
    assert [(each.call, each.who, each.agent) for each in found] == [
        ("UntagQueue", "anna", ""),
        ("TagQueue", "root", "aws-cli/2.15"),
        ("SetQueueAttributes", "assumed-role/Admin/anna", "aws-cli/2.15"),
    ]
