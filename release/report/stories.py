"""Timelines as stories: a rollback, and the update that records it, are one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from release.timeline import Timeline

_RECORDED_WITHIN = timedelta(minutes=30)

_TELLING = ("written", "doubt", "rollback", "refused", "stopped", "failed")


def stories(timelines: Sequence[Timeline]) -> tuple[Timeline, ...]:
    """Of one release's timelines, the latest first: what is worth a page, the latest first. One that moved no traffic
    and refused nobody comes after all that did.
    """
    found: list[Timeline] = []
    for each in sorted(timelines, key=lambda each: each.started):
        if found and _records(each, found[-1]):
            found[-1] = _joined(found[-1], each)
        else:
            found.append(each)
    latest = found[::-1]
    return (
        *(each for each in latest if each.of(*_TELLING)),
        *(each for each in latest if not each.of(*_TELLING)),
    )


def moment(at: str) -> datetime:
    """The moment of an event, or of a timeline."""
    return datetime.fromisoformat(at)


def _records(later: Timeline, rollback: Timeline) -> bool:
    """Whether the later one is the update that says in the state what the rollback did."""
    moved = later.of("written", "doubt")
    soon = moment(later.started) - moment(rollback.ended or rollback.started) < _RECORDED_WITHIN
    return rollback.first("rollback") is not None and not moved and soon


def _joined(rollback: Timeline, update: Timeline) -> Timeline:
    """How the rollback ended is no end of the story: the update's is, where it has told one."""
    told = tuple(event for event in rollback.events if event.kind != rollback.outcome)
    return replace(
        rollback,
        ended=update.ended,
        outcome=update.outcome,
        events=(*told, *update.events),
    )
