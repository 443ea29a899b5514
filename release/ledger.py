"""The ledger: this stack's releases and their states, as the stack's own outputs keep them.

Pure. A ledger only ever tells what came true: it is exported from a shift that succeeded, and a failed
update keeps the outputs that were there before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from release.errors import LedgerError
from release.model import REVISION_PATTERN, Release
from release.warmth import ends, instant

FORMAT = 1

State = Literal["live", "warm", "retired"]

_LATER = ("warm_until", "baked", "evidence", "boot")


class Entry(BaseModel):
    """One release and what it is now. `sequence` grows each time that a release becomes live; `live_at` is
    that moment in UTC (ISO 8601), empty where it isn't known.

    `warm_until` is when it shrinks after it stopped being live (UTC; empty where no time ends that). `baked` are the
    seconds for which it was watched with all the traffic before it counted as live, `evidence` is what allowed it to
    come here from another environment, in words. `boot` says how often its instances were made anew while the rest of
    its fleet stood.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    sequence: Annotated[int, Field(ge=1)]
    state: State
    live_at: str = Field(default="", validation_alias="liveAt", serialization_alias="liveAt")
    warm_until: str = Field(default="", validation_alias="warmUntil", serialization_alias="warmUntil")
    baked: Annotated[int, Field(ge=0)] = 0
    evidence: str = ""
    boot: Annotated[int, Field(ge=1)] = 1
    release: Release

    def dump(self) -> dict[str, Any]:
        """JSON's own types; what came later than the first ledgers is there only where it is known."""
        later = {name for name in _LATER if getattr(self, name) == type(self).model_fields[name].default}
        return self.model_dump(mode="json", by_alias=True, exclude=later)


class Contract(BaseModel):
    """A contract revision that the database has. `release` is the id of the one that applied it, `at` the moment in UTC
    (ISO 8601).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: Annotated[str, StringConstraints(pattern=REVISION_PATTERN)]
    release: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]
    at: str


@dataclass(frozen=True)
class Ledger:
    """Entries in the order in which they became live, one for each release, at most one of them live: the
    last. `contracts` in the order in which they were applied; whoever is live or warm can live with all of them.

    Building one that breaks this raises LedgerError, so a ledger that exists is true to its own rules.
    """

    entries: tuple[Entry, ...] = ()
    contracts: tuple[Contract, ...] = ()

    def __post_init__(self) -> None:
        sequences = [entry.sequence for entry in self.entries]
        if any(later <= earlier for earlier, later in pairwise(sequences)):
            raise _untrue("sequence numbers that grow", f"{sequences[-5:]} at the end")
        ids = [entry.release.id for entry in self.entries]
        if len(set(ids)) != len(ids):
            raise _untrue(
                "one entry for each release", f"twice: {sorted({i for i in ids if ids.count(i) > 1})}"
            )
        live = [entry.sequence for entry in self.entries if entry.state == "live"]
        if self.entries and live != sequences[-1:]:
            raise _untrue("the last entry live, and no other", f"live: {live} of {sequences[-5:]}")
        revisions = [contract.revision for contract in self.contracts]
        if len(set(revisions)) != len(revisions):
            raise _untrue("each contract once", f"{revisions}")
        for entry in self.entries:
            lost = overtaken(entry.release, self.contracts)
            if lost and entry.state != "retired":
                raise _untrue(
                    "nobody live or warm whom a contract has overtaken",
                    f"{entry.release} is {entry.state} and does not know {lost[0].revision}",
                )

    @classmethod
    def parse(cls, stored: object) -> Ledger:
        """The ledger in a stack's output `ledger`, or an empty one for None. `parse(ledger.dump())` is
        `ledger`.

        Raises LedgerError when it isn't one, was written by a newer version, or was edited by hand.
        """
        if stored is None:
            return cls()
        if not isinstance(stored, dict) or not isinstance(stored.get("entries"), list):
            raise _untrue("a mapping with 'format' and 'entries'", f"{type(stored).__name__}")
        if stored.get("format") != FORMAT:
            raise _untrue(f"format {FORMAT}", f"format {stored.get('format')!r}")
        contracts = stored.get("contracts", [])
        if not isinstance(contracts, list):
            raise _untrue("a list of contracts", f"{type(contracts).__name__}")
        try:
            return cls(
                tuple(Entry.model_validate(entry) for entry in stored["entries"]),
                tuple(Contract.model_validate(contract) for contract in contracts),
            )
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise _untrue("entries as they were written", f"{place}: {first['msg']}".lstrip(": ")) from None

    def dump(self) -> dict[str, Any]:
        """The stack output: JSON's own types only, without secrets."""
        contracts = [contract.model_dump(mode="json") for contract in self.contracts]
        return {
            "format": FORMAT,
            "entries": [entry.dump() for entry in self.entries],
            **({"contracts": contracts} if contracts else {}),
        }

    @property
    def live(self) -> Entry | None:
        """The release that serves the traffic; None before the first one."""
        return self.entries[-1] if self.entries else None

    @property
    def warm(self) -> tuple[Entry, ...]:
        """The releases that run and could serve in a second, the one that was live last first."""
        return tuple(entry for entry in reversed(self.entries) if entry.state == "warm")

    def find(self, release_id: str) -> Entry | None:
        """The entry of the release with this id, whatever its state."""
        return next((entry for entry in self.entries if entry.release.id == release_id), None)


@dataclass(frozen=True)
class Terms:
    """What else an update knows. `now` is when it began (None: no time is looked at), `warm` the seconds for which a
    release that stops being live stays at its full size (0: no time ends that). `baked` and `evidence` are the new
    entry's.
    """

    now: datetime | None = None
    warm: int = 0
    baked: int = 0
    evidence: str = ""


def promote(ledger: Ledger, release: Release, window: int, at: str, terms: Terms = Terms()) -> Ledger:
    """The ledger once `release` serves all the traffic: it is live, the former one warm, those beyond
    `window` retired, and those whose time was over when the update began.

    `window` is the number of warm releases to keep (0 or more), `at` the moment in UTC. Nothing is
    forgotten: retired entries stay, so that each can be brought back. Promoting what is live already only
    applies the window and the time.
    """
    if window < 0:
        raise _untrue("a window of 0 or more warm releases", f"{window}")
    entries = ledger.entries
    if ledger.live is None or ledger.live.release.id != release.id:
        until = ends(at, terms.warm) if terms.warm else ""
        demoted = tuple(
            entry.model_copy(update={"state": "warm", "warm_until": until})
            if entry.state == "live"
            else entry
            for entry in entries
            if entry.release.id != release.id
        )
        entries = (*demoted, _entry(ledger, release, at, terms))
    in_time = [entry for entry in reversed(entries) if entry.state == "warm" and not shrunk(entry, terms.now)]
    kept = {entry.sequence for entry in in_time[:window]}
    return replace(
        ledger,
        entries=tuple(
            _in_state(entry, "retired") if entry.state == "warm" and entry.sequence not in kept else entry
            for entry in entries
        ),
    )


def shrunk(entry: Entry, now: datetime | None) -> bool:
    """Whether the fleet of a warm release has no instances any more, since its time is over."""
    return entry.state == "warm" and now is not None and not instant(entry, now)


def contracted(ledger: Ledger, release_id: str, revisions: Iterable[str], at: str) -> Ledger:
    """The ledger once that release has applied these contract revisions; those that it holds already stay as they are.

    Raises LedgerError where a release that is live or warm could not live with one of them.
    """
    known = {contract.revision for contract in ledger.contracts}
    applied = (Contract(revision=r, release=release_id, at=at) for r in revisions if r not in known)
    return replace(ledger, contracts=(*ledger.contracts, *applied))


def needs(release: Release) -> tuple[str, ...]:
    """The revisions that must be in the database before the release boots: its expands and backfills, in order."""
    return tuple(m.revision for m in release.manifest.migrations if m.kind != "contract")


def overtaken(release: Release, contracts: Iterable[Contract]) -> tuple[Contract, ...]:
    """The applied contracts that the release does not know. One whose bundle holds a contract can live without it and
    with it; any other was written for what the contract took away.
    """
    known = {migration.revision for migration in release.manifest.migrations}
    return tuple(contract for contract in contracts if contract.revision not in known)


def _entry(ledger: Ledger, release: Release, at: str, terms: Terms) -> Entry:
    """The entry of a release that becomes live; on a way back its bake and its evidence are those that it had."""
    before = ledger.find(release.id)
    return Entry(
        sequence=ledger.entries[-1].sequence + 1 if ledger.entries else 1,
        state="live",
        live_at=at,
        baked=before.baked if before else terms.baked,
        evidence=terms.evidence or (before.evidence if before else ""),
        boot=before.boot + shrunk(before, terms.now) if before else 1,
        release=release,
    )


def _in_state(entry: Entry, state: State) -> Entry:
    return entry.model_copy(update={"state": state})


def _untrue(expected: str, seen: str) -> LedgerError:
    return LedgerError(
        "the ledger in this stack's outputs cannot be used",
        expected=expected,
        seen=seen,
        state="traffic and data are untouched",
        next="pulumi stack output ledger --json",
    )
