"""Who changed a resource, by CloudTrail's event history: of 90 days, minutes late, and of one region alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from release.aws import Calls

PATIENCE = 5.0
"""Seconds for one question: CloudTrail answers two of an account in a second, and throttles what is more."""

_MOST = 3


class Deed(BaseModel):
    """A call that changed something: when (ISO 8601, UTC), by whom, which one, and with what it was made."""

    model_config = ConfigDict(frozen=True)

    at: str
    who: str
    call: str
    agent: str

    def __str__(self) -> str:
        return f"{self.who}, {self.call}, {self.at}" + (f", with {self.agent}" if self.agent else "")


async def deeds(ask: Calls, names: Sequence[str]) -> tuple[Deed, ...]:
    """The last calls that changed what AWS knows by one of `names`, the newest first, at most three.

    Raises Refused where it may not be asked, and Busy.
    """
    found: set[Deed] = set()
    for name in names:
        wanted = [{"AttributeKey": "ResourceName", "AttributeValue": name}]
        told = await ask("lookup_events", PATIENCE, LookupAttributes=wanted, MaxResults=50)
        found |= {deed for event in told.get("Events", ()) if (deed := _deed(event))}
    return tuple(sorted(found, key=lambda each: each.at, reverse=True)[:_MOST])


def _deed(event: Mapping[str, Any]) -> Deed | None:
    """None for a call that changed nothing: one that only reads, or was refused."""
    told = json.loads(event.get("CloudTrailEvent") or "{}")
    if told.get("readOnly") is True or told.get("errorCode"):
        return None
    identity = told.get("userIdentity") or {}
    who = str(identity.get("arn") or identity.get("invokedBy") or event.get("Username") or "somebody")
    return Deed(
        at=str(told.get("eventTime") or ""),
        who=who.rpartition(":")[2],
        call=str(event.get("EventName") or told.get("eventName") or "?"),
        # The caller's own words: the first of them is the tool.
        agent=str(told.get("userAgent") or "").split(" ")[0][:60],
    )
