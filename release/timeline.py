"""The timeline of a release: what happened to its traffic, when, and by which numbers. Pure, but for `read`.

One object for each time that a provider, or a rollback, worked on a release:
`timelines/STACK/RELEASE/20260101T100142Z.json` in the bundle bucket, by the moment at which it began. It is written
over while that goes on, so one that has no end is of somebody who was killed, or who is at work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, get_args

from infra.prefixes import TIMELINES
from release.audit.masking import Mask
from release.errors import StoreError

FORMAT = 1

Outcome = Literal["live", "refused", "stopped", "failed", "ended", ""]
"""`live`: traffic, workers and schedules are the release's. `refused`: it was not good enough, or that was not known.
`stopped`: somebody told it to stop. `failed`: what was to be done could not be. `ended`: the update ended before any
traffic moved, or moved none. Empty: nobody has told."""

_LONGEST = 2000
"""Samples beyond so many are thinned out, every other one: a bake may last for days."""


class Record(Protocol):
    """Takes note of an event that is happening now. Never fails, never waits."""

    def __call__(self, kind: str, text: str = "", /, **data: Any) -> None: ...


def unrecorded(kind: str, text: str = "", /, **data: Any) -> None:
    """Nobody takes note."""


@dataclass(frozen=True)
class Event:
    """`at` is the moment in UTC (ISO 8601, milliseconds), `text` for people, `data` its numbers: JSON's own types."""

    at: str
    kind: str
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Timeline:
    """`release` is the id, `version` its label; `former` is what had the traffic, in words, empty where nothing had or
    where that never came up. `started` and `ended` are UTC (ISO 8601), `ended` empty while nobody has told. `by` is who
    did it. The last event of one that did not end well holds the whole error.
    """

    release: str
    version: str
    former: str
    started: str
    ended: str
    outcome: Outcome
    events: tuple[Event, ...]
    by: str = ""

    @property
    def label(self) -> str:
        return f"{self.version} ({self.release})" if self.version else self.release

    def first(self, kind: str) -> Event | None:
        return next((event for event in self.events if event.kind == kind), None)

    def of(self, *kinds: str) -> tuple[Event, ...]:
        return tuple(event for event in self.events if event.kind in kinds)


class Store(Protocol):
    """Where timelines are kept. Raises StoreError where it does not answer."""

    async def keys(self, prefix: str) -> Sequence[str]:
        """Every key that begins so, sorted."""

    async def get(self, key: str) -> bytes: ...


def stamp(moment: datetime) -> str:
    """As an event has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def key(stack: str, timeline: Timeline) -> str:
    """What the object of this timeline is called."""
    began = timeline.started.partition(".")[0].rstrip("Z").replace("-", "").replace(":", "")
    return f"{TIMELINES}{stack}/{timeline.release}/{began}Z.json"


def dump(timeline: Timeline, mask: Mask = Mask(())) -> bytes:
    """JSON in UTF-8, no text of which holds what `mask` knows, or what looks like a secret."""
    told = asdict(replace(timeline, events=_thinned(timeline.events)))
    told["events"] = [_masked(event, mask) for event in told["events"]]
    return json.dumps({"format": FORMAT, **told}, ensure_ascii=False, separators=(",", ":")).encode()


def parse(stored: bytes, name: str = "it") -> Timeline:
    """`parse(dump(timeline))` is `timeline`. Raises StoreError for what is none, or of a later format."""
    try:
        told = json.loads(stored)
        seen = f"format {told.get('format')!r}"
        if told.pop("format") != FORMAT or told["outcome"] not in get_args(Outcome):
            raise ValueError(seen)
        events = tuple(Event(**event) for event in told.pop("events"))
        return Timeline(**{**told, "events": events})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{name} is no timeline that this version can read",
            expected=f"JSON of format {FORMAT}, as the provider writes it",
            seen=f"{type(error).__name__}: {error}",
            state="nothing was changed",
            next="use the version of the program that the stack was updated with",
        ) from None


async def read(store: Store, stack: str, release: str) -> tuple[Timeline, ...]:
    """All timelines of a release (id), the latest first. Raises StoreError."""
    keys = await store.keys(f"{TIMELINES}{stack}/{release}/")
    return tuple([parse(await store.get(each), each) for each in reversed(keys)])


async def releases(store: Store, stack: str) -> tuple[str, ...]:
    """The releases (ids) that have one, the one that was worked on last first. Raises StoreError."""
    keys = await store.keys(f"{TIMELINES}{stack}/")
    latest = sorted(keys, key=lambda each: each.rpartition("/")[2], reverse=True)
    return tuple(dict.fromkeys(each.split("/")[2] for each in latest))


def _thinned(events: Sequence[Event]) -> tuple[Event, ...]:
    kept = tuple(events)
    while len(kept) > _LONGEST:
        samples = [place for place, event in enumerate(kept) if event.kind == "sample"]
        dropped = set(samples[1:-1:2])
        if not dropped:
            break
        kept = tuple(event for place, event in enumerate(kept) if place not in dropped)
    return kept


def _masked(value: Any, mask: Mask) -> Any:
    if isinstance(value, Mapping):
        return {name: _masked(each, mask) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(each, mask) for each in value]
    return mask(value) if isinstance(value, str) else value
