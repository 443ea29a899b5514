"""What is known of one environment, since when, and how soon it is asked again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from release.cli.remarks import remarks

Told = Mapping[str, Any]

CALM, MOVING, LONGEST = 15.0, 5.0, 60.0
"""Seconds between two readings of an environment: in which nothing happens, in which something does, and at most where
it cannot be asked. A reading takes about 4 s and asks some 25 things, of which AWS refills ten a second and service."""

PAST_SECONDS = 300.0
"""After so long the last releases are read again, whatever happened."""

_GRACE = 30.0
"""How much longer (s) than the pace says a reading may take before what is shown is called old."""


@dataclass(frozen=True)
class Past:
    """The last releases, the latest first, as `release history --json` has them, each with the `report` that there is
    of it (the moment at which that begins; empty for none). `unknown` says what could not be read, and why.
    """

    lines: tuple[Told, ...] = ()
    unknown: str = ""


@dataclass(frozen=True)
class Drift:
    """What a full look found: `lines` where it ended well, `error` where it did not. `looking`: it is not over yet."""

    looking: bool = False
    at: datetime | None = None
    lines: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Sight:
    """One environment. `told` is the last status that was whole, of the moment `at`; where there never was one, what
    the stack's state alone tells. `error` is why the last reading was not whole, `failures` how many in a row were not,
    since the moment `since`. `made` is None until that is known.
    """

    stack: str
    made: bool | None = None
    told: Told = field(default_factory=dict)
    at: datetime | None = None
    error: str = ""
    failures: int = 0
    since: datetime | None = None
    past: Past = Past()
    past_of: tuple[Any, ...] = ()
    past_at: datetime | None = None
    drift: Drift = Drift()

    def read(self, told: Told, now: datetime) -> Sight:
        """After a reading that ended now. One that failed takes nothing away of what was known before."""
        if told.get("error"):
            kept = self.told if self.told.get("asked") else told
            at = self.at if self.told.get("asked") else (now if "releases" in told else self.at)
            return replace(
                self,
                told=kept,
                at=at,
                error=str(told["error"]),
                failures=self.failures + 1,
                since=self.since or now,
            )
        failures = self.failures + 1 if told.get("unknown") else 0
        return replace(self, told=told, at=now, error="", failures=failures, since=None)

    @property
    def pace(self) -> float:
        """Seconds until the next reading: longer and longer where AWS does not answer, or throttles."""
        if self.failures:
            return min(LONGEST, CALM * 2.0 ** min(self.failures - 1, 10))
        busy = any(each.level in ("bad", "moving") for each in remarks(self.told)) if self.told else False
        return MOVING if busy else CALM

    @property
    def old_after(self) -> timedelta:
        """The age at which what is shown is old."""
        return timedelta(seconds=self.pace + _GRACE)

    def old(self, now: datetime) -> bool:
        return self.at is not None and now - self.at > self.old_after

    @property
    def moment(self) -> tuple[Any, ...]:
        """Changes with whatever ends an update: the last releases are then read again."""
        lease = self.told.get("lease") or {}
        running = tuple((each["id"], each["state"]) for each in self.told.get("releases", ()))
        return self.told.get("live"), running, lease.get("number"), len(self.told.get("locks", ()))

    def forgetful(self, now: datetime) -> bool:
        """Whether the last releases should be read (again)."""
        if not self.told.get("releases"):
            return False
        late = self.past_at is None or (now - self.past_at).total_seconds() > PAST_SECONDS
        return late or self.past_of != self.moment

    def recalled(self, past: Past, now: datetime) -> Sight:
        kept = replace(past, lines=self.past.lines) if past.unknown and not past.lines else past
        return replace(self, past=kept, past_of=self.moment, past_at=now)
