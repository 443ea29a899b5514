"""What instances say of their processes by the clock, and what is made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from release.usage import Report, Usage, read, usage

SINCE = "ActiveEnterTimestamp=@1767225600"


def line(state: str = "active", restarts: int = 0, memory: str = "104857600", cpu: str = "0") -> str:
    return f"ActiveState={state} {SINCE} NRestarts={restarts} MemoryCurrent={memory} CPUUsageNSec={cpu}"


def test_two_reports_tell_the_use_of_the_processor_between_them() -> None:
    reports = [Report(0, line(cpu="5000000000")), Report(30_000, line(cpu="20000000000"))]
    assert usage(reports) == Usage("active", "2026-01-01T00:00:00Z", 0, 100 << 20, 50.0)


def test_what_cannot_be_known_is_not_told() -> None:
    assert usage([]) is None
    assert usage([Report(0, "Failed to connect to bus")]) is None
    one = usage([Report(0, line())])
    assert one is not None
    assert one.cpu is None, "one report says nothing of a time"
    restarted = usage([Report(0, line(cpu="9000")), Report(30_000, line(restarts=1, cpu="10000"))])
    assert restarted is not None
    assert (restarted.restarts, restarted.cpu) == (1, None), "it began to count anew"
    odd = usage([Report(0, line(memory="[not set]", cpu=str(2**64 - 1)))] * 2)
    assert odd is not None
    assert (odd.memory, odd.cpu) == (None, None)


def test_a_process_that_does_not_run_uses_nothing_and_is_since_no_time() -> None:
    rests = usage([Report(0, line("active")), Report(30_000, line("inactive"))])
    assert rests == Usage("inactive", "", 0, None, None)


def test_every_instances_streams_are_read_at_once_and_page_by_page() -> None:
    pages = [
        {"events": [event("i-1", 30_000, line(cpu="30000000000"))], "nextToken": "more"},
        {"events": [event("i-2", 1, line("failed")), event("i-1", 0, line())]},
    ]
    asked: list[Mapping[str, Any]] = []

    async def ask(action: str, _patience: float = 0.0, /, **words: Any) -> Mapping[str, Any]:
        asked.append({"action": action, **words})
        return pages[len(asked) - 1]

    found = asyncio.run(read(ask, "/shop/dev/web-1", 160_000, 1.0))
    assert {name: (each.state, each.cpu) for name, each in found.items()} == {
        "i-1": ("active", 100.0),
        "i-2": ("failed", None),
    }
    assert [(each["logStreamNamePrefix"], each["startTime"], each.get("nextToken")) for each in asked] == [
        ("usage/", 100_000, None),
        ("usage/", 100_000, "more"),
    ]


def event(instance: str, at: int, message: str) -> Mapping[str, Any]:
    return {"logStreamName": f"usage/{instance}", "timestamp": at, "message": message}
