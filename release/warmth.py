"""How long the way back is instant: a release that was live stays at its full size for a time, then it shrinks. Pure.

Moments are UTC in ISO 8601, as the ledger keeps them; an empty one is not known, and then no time ends the warmth.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Warm(Protocol):
    """What is asked of an entry of the ledger."""

    @property
    def warm_until(self) -> str: ...


def ends(at: str, seconds: int) -> str:
    """When a release shrinks that stopped being live `at`; empty where that moment is not known."""
    return written(_read(at) + timedelta(seconds=seconds)) if at else ""


def instant(entry: Warm, now: datetime) -> bool:
    """Whether the fleet of a warm release is still at its full size, so that it could serve in a second."""
    return not entry.warm_until or now < _read(entry.warm_until)


def told(entry: Warm, now: datetime) -> str:
    """In words, what a rollback to this warm release is, and until when."""
    if not entry.warm_until:
        return "instant until another release takes its place"
    end = _read(entry.warm_until)
    if now >= end:
        return f"minutes: it shrank at {entry.warm_until}, and boots again"
    return f"instant until {entry.warm_until}, {length(end - now)} more"


def written(moment: datetime) -> str:
    """The moment as the ledger keeps it, in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def length(left: timedelta) -> str:
    """A time in words, as exact as a person asks."""
    minutes = int(left.total_seconds()) // 60
    if minutes < 1:
        return f"{int(left.total_seconds())} s"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
