"""An environment as `release status --json` tells it, and a source of such environments that a test writes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from release.dashboard.sight import Past, Told

WORKER = {"process": "worker", "turn": "working", "healthy": 1, "wanted": 1, "least": 1, "most": 2}
LINE = {
    "at": "2026-01-01T01:00:00.000Z",
    "seconds": 143.0,
    "who": "anna",
    "move": "release",
    "former": "version 1 (11111111)",
    "wanted": "version 2 (22222222)",
    "result": "succeeded",
    "reason": "faster baskets",
    "changes": "18 create",
    "migrations": [],
    "id": "22222222",
    "report": "2026-01-01T01:00:10",
}


def fleet(release: str, version: str, state: str, **other: Any) -> dict[str, Any]:
    return {
        "id": release,
        "version": version,
        "state": state,
        "weight": 100 if state == "live" else None,
        "served": 1.0 if state == "live" else 0.0,
        "healthy": 2,
        "targets": 2,
        "wanted": 2,
        "warmUntil": "2026-01-01T02:13:00Z" if state == "warm" else None,
        "workers": [WORKER | {"turn": "working" if state == "live" else "resting"}],
    } | other


def told(stack: str = "production", **other: Any) -> dict[str, Any]:
    return copy.deepcopy(
        {
            "stack": stack,
            "url": f"https://{stack}.example.com",
            "asked": True,
            "live": "22222222",
            "liveVersion": "2",
            "liveAt": "2026-01-01T01:00:00Z",
            "sampled": 200,
            "failures": "",
            "releases": [fleet("22222222", "2", "live"), fleet("11111111", "1", "warm")],
            "schedules": {
                "owner": "22222222",
                "entries": [{"name": "nightly", "expression": "cron(0 3 * * ? *)", "timezone": "UTC"}],
            },
            "schema": {"revision": "0003", "by": "22222222", "contractsWaiting": ["0004"]},
            "queues": [{"queue": "jobs", "waiting": 12, "taken": 3, "dead": 0}],
            "alarms": [],
            "drift": [],
            "lease": None,
            "locks": [],
            "freeze": "",
            "unknown": [],
        }
        | other
    )


def failed(stack: str = "production") -> dict[str, Any]:
    """AWS refused all: what is told is the state's."""
    unknown = dict.fromkeys(("weight", "served", "healthy", "targets", "wanted"))
    releases = [
        each | unknown | {"workers": []}
        for each in (fleet("22222222", "2", "live"), fleet("11111111", "1", "warm"))
    ]
    why = "traffic: describe_rules: ExpiredToken: the security token is expired"
    error = f"AWS could not be asked about {stack}\n  expected: answers\n  seen:     {why}"
    return told(stack, asked=False, releases=releases, unknown=[why], error=error)


@dataclass
class Written:
    """`reader.Source`: what a test wrote, and how often it was asked."""

    environments: dict[str, Told]
    past_lines: tuple[Told, ...] = (LINE,)
    drifts: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    async def stacks(self) -> Mapping[str, bool | None]:
        return {stack: each.get("made", True) for stack, each in self.environments.items()}

    async def status(self, stack: str) -> Told:
        self.asked.append(stack)
        return self.environments[stack]

    async def past(self, stack: str) -> Past:
        self.asked.append(f"past {stack}")
        return Past(self.past_lines)

    async def drift(self, stack: str) -> Told:
        return {**self.environments[stack], "drift": list(self.drifts)}
