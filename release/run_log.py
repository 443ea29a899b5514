"""Where the records of one-off commands are kept: streams of the operations host's log group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from release.aws import Calls, Refused
from release.runs import STREAM, Run, parse

PATIENCE = 20.0
"""Seconds that CloudWatch may throttle or be silent."""

_STREAMS = 100
"""Streams that one FilterLogEvents takes (Amazon CloudWatch Logs API Reference)."""


async def read(group: str) -> tuple[Run, ...]:
    """All commands that the log group still tells of, the latest first. Raises Busy and Refused."""
    ask = Calls("logs")
    try:
        streams = [
            each["logStreamName"]
            for each in await _all(ask, "describe_log_streams", "logStreams", logGroupName=group)
            if each["logStreamName"].endswith(STREAM)
        ]
    except Refused as refused:
        if refused.code != "ResourceNotFoundException":
            raise
        return ()
    events: list[Mapping[str, Any]] = []
    for begin in range(0, len(streams), _STREAMS):
        some = streams[begin : begin + _STREAMS]
        events += await _all(ask, "filter_log_events", "events", logGroupName=group, logStreamNames=some)
    return parse(each["message"] for each in sorted(events, key=lambda each: each["timestamp"]))


async def _all(ask: Calls, action: str, what: str, **arguments: Any) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    further: dict[str, str] = {}
    while True:
        page = await ask(action, PATIENCE, **arguments, **further)
        found += page.get(what, ())
        if not page.get("nextToken"):
            return found
        further = {"nextToken": page["nextToken"]}
