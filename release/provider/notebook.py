"""What this process does with releases, noted as it happens and kept in the bundle bucket: their timelines.

Nobody waits for a note or for its being written, and none of it can fail. It is written when a gate or a step has been
passed and when all is over; never from a doubt on until the weights are back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from release.audit.masking import Mask
from release.errors import (
    BalancerError,
    LeaseError,
    ProviderFault,
    RollbackUnrecorded,
    ShiftCancelled,
    UneventfulError,
    WeightsNotRestored,
)
from release.timeline import Event, Outcome, Timeline, dump, key, stamp

_KEPT_AT = frozenset({"passed", "step", "shifted"})
"""Then a timeline is written before its end: what is killed after that is not unknown."""
WRITING_SECONDS = 1.5
"""How long the end of an update may wait until what happened is written."""
_PATIENCE = 5.0
"""How long (s) the end of a timeline is tried to be written."""


class Keeper(Protocol):
    """`release.timeline_store.BucketTimelines`."""

    async def put(self, key: str, body: bytes, patience: float = 0.0) -> None: ...


@dataclass(frozen=True)
class About:
    """Whose timeline it is, and of which stack."""

    stack: str
    release: str
    version: str = ""


class Notebook:
    """A page for each release that this process works on. `secret` values are in none of them."""

    def __init__(self, now: Callable[[], datetime], by: str) -> None:
        self._now = now
        self._by = by
        self._pages: dict[str, Page] = {}
        self._secrets: set[str] = set()

    def page(self, about: About, keeper: Keeper | None) -> Page:
        """The release's page, a new one where it has none; `keeper` None where nobody can keep it."""
        if about.release not in self._pages:
            self._pages[about.release] = Page(about, self._by, self._now, keeper, self._secrets)
        return self._pages[about.release]

    def secret(self, *values: str) -> None:
        """Let these stand nowhere."""
        self._secrets.update(values)

    def close(self) -> None:
        """All work has ended: so has what nobody has told the end of."""
        for page in self._pages.values():
            page.end("ended", "the update ended, and this release was not made the one that serves")

    async def written(self, seconds: float) -> None:
        """Return when everything has been written, or given up; at the latest after so many seconds."""
        writing = [page.writing for page in self._pages.values() if page.writing]
        if writing:
            await asyncio.wait(writing, timeout=max(0.0, seconds))


class Page:
    """The timeline of one release as it comes about; called to note an event (`release.timeline.Record`)."""

    def __init__(
        self,
        about: About,
        by: str,
        now: Callable[[], datetime],
        keeper: Keeper | None,
        secrets: set[str],
    ) -> None:
        self._about = about
        self._by = by
        self._now = now
        self._keeper = keeper
        self._secrets = secrets
        self._started = stamp(now())
        self._events: list[Event] = []
        self._ended = ""
        self._outcome: Outcome = ""
        self._former = ""
        self._doubted = False
        self._behind = False
        self.writing: asyncio.Task[None] | None = None

    def __call__(self, kind: str, text: str = "", /, **data: Any) -> None:
        self._events.append(Event(stamp(self._now()), kind, text, data))
        if kind == "doubt":
            self._doubted = True
        elif kind in _KEPT_AT and not self._doubted:
            self._write()

    def from_former(self, former: str) -> None:
        """What has the traffic now, in words."""
        self._former = former

    def end(self, outcome: Outcome, text: str = "") -> None:
        """It is over; what is noted of it later changes nothing about how it ended."""
        if self._outcome:
            return
        self(outcome, text)
        self._outcome, self._ended, self._doubted = outcome, stamp(self._now()), False
        self._write()

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Work on the release: an error that ends it is the end of the timeline."""
        try:
            yield
        except UneventfulError as error:
            self.end(outcome_of(error), str(error))
            raise
        except asyncio.CancelledError as cancelled:
            self.end("stopped", f"{cancelled}\n  now:      nothing was changed")
            raise
        except Exception as error:
            self.end("failed", f"the provider met what it does not know: {type(error).__name__}")
            raise

    @property
    def timeline(self) -> Timeline:
        about = self._about
        return Timeline(
            about.release,
            about.version,
            self._former,
            self._started,
            self._ended,
            self._outcome,
            tuple(self._events),
            self._by,
        )

    def _write(self) -> None:
        if self._keeper is None:
            return
        if self.writing and not self.writing.done():
            self._behind = True
            return
        self.writing = asyncio.ensure_future(self._keep(self._keeper))

    async def _keep(self, keeper: Keeper) -> None:
        """Whatever goes wrong here is nobody's trouble: the release does not hang on it."""
        while True:
            self._behind, timeline = False, self.timeline
            with contextlib.suppress(Exception):
                body = dump(timeline, Mask(self._secrets))
                if not self._doubted:
                    patience = _PATIENCE if timeline.outcome else 0.0
                    await keeper.put(key(self._about.stack, timeline), body, patience)
            if not self._behind or self._doubted:
                return


def outcome_of(error: UneventfulError) -> Outcome:
    """What an error that ends a release means for it."""
    if isinstance(error, ShiftCancelled | RollbackUnrecorded):
        return "stopped"
    if isinstance(error, BalancerError | LeaseError | ProviderFault | WeightsNotRestored):
        return "failed"
    return "refused"
