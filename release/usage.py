"""How the processes of instances are, as they say it themselves every 15 s (`release.beside.usage_script`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from release.logs import USAGE_STREAMS

RECENT_MS = 60_000
"""So far back are two reports of every instance that still makes them."""

_NO_NUMBER = 2**64 - 1
"""What systemd says where it does not count."""


class Ask(Protocol):
    """`release.aws.Calls`, for CloudWatch Logs."""

    async def __call__(
        self, action: str, patience: float = 0.0, /, **arguments: Any
    ) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Report:
    """One line of an instance, at a moment (ms since 1970)."""

    at: int
    line: str


@dataclass(frozen=True)
class Usage:
    """How a process is: `state` in systemd's words, since `since` (UTC, ISO 8601), restarted so often by itself; its
    `memory` in bytes, and its `cpu` in % of one processor between its last two reports. None is what was not told.
    """

    state: str
    since: str
    restarts: int | None
    memory: int | None
    cpu: float | None


UNKNOWN = Usage("", "", None, None, None)


def usage(reports: Sequence[Report]) -> Usage | None:
    """What the reports of one instance, oldest first, tell of it; None where they tell nothing."""
    told = [(report.at, _properties(report.line)) for report in reports]
    told = [(at, properties) for at, properties in told if properties.get("ActiveState")]
    if not told:
        return None
    _, last = told[-1]
    since = _number(last.get("ActiveEnterTimestamp", "").removeprefix("@"))
    running = last["ActiveState"] == "active"
    return Usage(
        state=last["ActiveState"],
        since=datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if since and running else "",
        restarts=_number(last.get("NRestarts", "")),
        memory=_number(last.get("MemoryCurrent", "")) if running else None,
        cpu=_cpu(told[-2:]) if running else None,
    )


async def read(ask: Ask, group: str, now: int, patience: float) -> Mapping[str, Usage]:
    """By instance, out of the log group of one process, at `now` (ms since 1970). Raises Busy and Refused."""
    reports: dict[str, list[Report]] = {}
    further: dict[str, str] = {}
    while True:
        page = await ask(
            "filter_log_events",
            patience,
            logGroupName=group,
            logStreamNamePrefix=USAGE_STREAMS,
            startTime=now - RECENT_MS,
            **further,
        )
        for event in page.get("events", ()):
            instance = event["logStreamName"].removeprefix(USAGE_STREAMS)
            reports.setdefault(instance, []).append(Report(event["timestamp"], event["message"]))
        if not page.get("nextToken"):
            break
        further = {"nextToken": page["nextToken"]}
    found = {name: usage(sorted(said, key=lambda report: report.at)) for name, said in reports.items()}
    return {name: each for name, each in found.items() if each is not None}


def _properties(line: str) -> Mapping[str, str]:
    words = (word.partition("=") for word in line.split())
    return {name: value for name, equals, value in words if equals}


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and int(text) != _NO_NUMBER else None


def _cpu(told: Sequence[tuple[int, Mapping[str, str]]]) -> float | None:
    """None after a restart, which begins to count anew."""
    if len(told) < 2:
        return None
    (began, before), (ended, after) = told
    spent = [_number(each.get("CPUUsageNSec", "")) for each in (before, after)]
    if None in spent or ended <= began or before.get("NRestarts") != after.get("NRestarts"):
        return None
    nanoseconds = (spent[1] or 0) - (spent[0] or 0)
    return nanoseconds / ((ended - began) * 1e6) * 100 if nanoseconds >= 0 else None
