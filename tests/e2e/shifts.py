"""When which release's workers were at work, by what their instances said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.e2e.books import Done
from tests.e2e.stage import Stage

STEADY = timedelta(seconds=5)
"""A worker has run for so long when its instance says that it works."""

SLACK = timedelta(seconds=3)
"""How much earlier still it may have begun, or later ended, than its log says."""


@dataclass(frozen=True)
class Spell:
    """One instance at work for a release (id), from a moment to another; `end` is None while it is."""

    release: str
    instance: str
    begin: datetime
    end: datetime | None = None

    def covers(self, release: str, moment: datetime) -> bool:
        return (
            self.release == release
            and self.begin - STEADY - SLACK <= moment
            and (self.end is None or moment <= self.end + SLACK)
        )


def out_of_turn(done: Iterable[Done], stage: Stage) -> tuple[list[Done], tuple[Spell, ...]]:
    """What was done first by somebody who was not at work then, and all who were."""
    turns = spells(stage)
    return [each for each in done if not any(turn.covers(each.by[0], each.at) for turn in turns)], turns


def spells(stage: Stage, process: str = "worker") -> tuple[Spell, ...]:
    """What all instances of the process have said of their turn, in the order of time."""
    logs, found = stage.aws("logs"), list[Spell]()
    group = stage.world.outputs()["logGroups"][process]
    open_since: dict[str, Spell] = {}
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    events = [event for page in pages for event in page["events"] if event["logStreamName"].endswith("/boot")]
    for event in sorted(events, key=lambda each: each["timestamp"]):
        release, instance, _ = event["logStreamName"].split("/")
        at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
        if event["message"].startswith("turn: working"):
            open_since.setdefault(instance, Spell(release, instance, at))
        elif event["message"].startswith("turn: resting") and instance in open_since:
            spell = open_since.pop(instance)
            found.append(Spell(spell.release, instance, spell.begin, at))
    return (*found, *open_since.values())
