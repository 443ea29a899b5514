"""What a rollback did, kept as a timeline of the release that it went to; the update that records it keeps its own."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from release.errors import UneventfulError
from release.timeline import Event, Timeline, dump, key, stamp

if TYPE_CHECKING:
    from release.cli.state import StackState
    from release.immediate import Moved
    from release.model import Release

_PATIENCE = 1.0
"""How long (s) a note is tried to be written: a person waits."""


def note(
    state: StackState,
    stack: str,
    target: Release,
    former: str,
    why: str,
    started: float,
    moved: Moved,
    followed: bool,
) -> None:
    """Keep it, when all is done; whether that could be is nobody's trouble. Moments are of the steady clock (s)."""
    from release.aws import Calls
    from release.timeline_store import BucketTimelines

    timeline = told(target, former, why, started, moved, followed)
    store = BucketTimelines(Calls("s3"), state.bucket)
    with contextlib.suppress(UneventfulError):
        asyncio.run(store.put(key(stack, timeline), dump(timeline), _PATIENCE))


def told(target: Release, former: str, why: str, started: float, moved: Moved, followed: bool) -> Timeline:
    """The rollback as a timeline. Moments are of the steady clock (s)."""
    from release.who import who

    base, now = datetime.now(UTC), time.monotonic()

    def at(moment: float) -> str:
        return stamp(base - timedelta(seconds=now - moment))

    label = f"{target.version} ({target.id})"
    took = round(moved.written - started, 3)
    proof = round(moved.proven - moved.written, 3)
    written = [Event(at(moved.written), "written", f"100 % on {label}", {"share": 100, "seconds": took})]
    other = (
        [Event(at(moved.last_other), "other", "the last answer by another release")]
        if moved.last_other is not None
        else []
    )
    proven = f"the data plane serves 100 %: {moved.probes} probes in {proof:.1f} s"
    follow = "workers and schedules follow" if followed else "not all workers and schedules follow yet"
    return Timeline(
        target.id,
        target.version,
        former,
        at(started),
        at(now),
        "live",
        (
            Event(at(started), "rollback", f"from {former}: {why}"),
            *(written if moved.wrote else ()),
            *other,
            Event(
                at(moved.proven), "proven", proven, {"share": 100, "seconds": proof, "probes": moved.probes}
            ),
            Event(at(now), "followed", follow),
            Event(at(now), "live", f"100 % on {label}, by rollback"),
        ),
        who(),
    )
