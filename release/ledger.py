"""The ledger: this stack's releases and their states, as the stack's own outputs keep them.

Pure. A ledger only ever tells what came true: it is exported from a shift that succeeded, and a failed
update keeps the outputs that were there before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from release.entries import Entries, Entry, State, dumped, heads, unread, untrue
from release.folding import packed
from release.model import REVISION_PATTERN, Release
from release.warmth import ends, instant

__all__ = (
    "Contract",
    "Entry",
    "Ledger",
    "State",
    "Terms",
    "contracted",
    "needs",
    "overtaken",
    "promote",
    "shrunk",
    "shrunken",
)

PLAIN, FOLDED, PACKED = 1, 2, 3
"""The formats: in the second one, entries of long ago are texts; in the third, several of them may be one."""


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

    entries: Sequence[Entry] = ()
    contracts: tuple[Contract, ...] = ()

    def __post_init__(self) -> None:
        all_heads = heads(self.entries)
        sequences = [head.sequence for head in all_heads]
        if any(later <= earlier for earlier, later in pairwise(sequences)):
            raise untrue("sequence numbers that grow", f"{sequences[-5:]} at the end")
        ids = [head.release for head in all_heads]
        if len(set(ids)) != len(ids):
            raise untrue(
                "one entry for each release", f"twice: {sorted({i for i in ids if ids.count(i) > 1})}"
            )
        live = [head.sequence for head in all_heads if head.state == "live"]
        if self.entries and live != sequences[-1:]:
            raise untrue("the last entry live, and no other", f"live: {live} of {sequences[-5:]}")
        revisions = [contract.revision for contract in self.contracts]
        if len(set(revisions)) != len(revisions):
            raise untrue("each contract once", f"{revisions}")
        for entry in (*((self.live,) if self.live else ()), *self.warm):
            lost = overtaken(entry.release, self.contracts)
            if lost:
                raise untrue(
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
            raise untrue("a mapping with 'format' and 'entries'", f"{type(stored).__name__}")
        if stored.get("format") not in (PLAIN, FOLDED, PACKED):
            raise untrue(f"format {PLAIN}, {FOLDED} or {PACKED}", f"format {stored.get('format')!r}")
        contracts = stored.get("contracts", [])
        if not isinstance(contracts, list):
            raise untrue("a list of contracts", f"{type(contracts).__name__}")
        try:
            applied = tuple(Contract.model_validate(contract) for contract in contracts)
        except ValidationError as error:
            raise unread(error) from None
        return cls(Entries(stored["entries"]), applied)

    def dump(self) -> dict[str, Any]:
        """The stack output: JSON's own types only, without secrets."""
        contracts = [contract.model_dump(mode="json") for contract in self.contracts]
        entries = dumped(self.entries)
        return {
            "format": _format(entries),
            "entries": entries,
            **({"contracts": contracts} if contracts else {}),
        }

    @property
    def live(self) -> Entry | None:
        """The release that serves the traffic; None before the first one."""
        return self.entries[-1] if self.entries else None

    @property
    def warm(self) -> tuple[Entry, ...]:
        """The releases that run and could serve in a second, the one that was live last first."""
        warm = [place for place, head in enumerate(heads(self.entries)) if head.state == "warm"]
        return tuple(self.entries[place] for place in reversed(warm))

    def find(self, release_id: str) -> Entry | None:
        """The entry of the release with this id, whatever its state."""
        places = enumerate(heads(self.entries))
        return next((self.entries[place] for place, head in places if head.release == release_id), None)

    def of_version(self, version: str) -> tuple[Entry, ...]:
        """The entries of all releases of this version, the one that was live last first."""
        found = [place for place, head in enumerate(heads(self.entries)) if head.version == version]
        return tuple(self.entries[place] for place in reversed(found))


@dataclass(frozen=True)
class Terms:
    """What else an update knows. `now` is when it began (None: no time is looked at), `warm` the seconds for which a
    release that stops being live stays at its full size (0: no time ends that). `baked`, `evidence`, `by` and
    `observed` are the new entry's.
    """

    now: datetime | None = None
    warm: int = 0
    baked: int = 0
    evidence: str = ""
    by: str = ""
    observed: str = ""


def promote(ledger: Ledger, release: Release, window: int, at: str, terms: Terms = Terms()) -> Ledger:
    """The ledger once `release` serves all the traffic: it is live, the former one warm, those beyond
    `window` retired, and those whose time was over when the update began.

    `window` is the number of warm releases to keep (0 or more), `at` the moment in UTC. Nothing is
    forgotten: retired entries stay, so that each can be brought back. Promoting what is live already only
    applies the window and the time.
    """
    if window < 0:
        raise untrue("a window of 0 or more warm releases", f"{window}")
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
    over = {entry.sequence for entry in ledger.warm if shrunk(entry, terms.now)}
    warm = [head.sequence for head in heads(entries) if head.state == "warm"]
    in_time = [sequence for sequence in reversed(warm) if sequence not in over]
    leave = set(warm) - set(in_time[:window])
    if not leave:
        return replace(ledger, entries=entries)
    return replace(
        ledger,
        entries=tuple(_in_state(entry, "retired") if entry.sequence in leave else entry for entry in entries),
    )


def shrunk(entry: Entry, now: datetime | None) -> bool:
    """Whether the fleet of a warm release has no instances any more, since its time is over."""
    return entry.state == "warm" and now is not None and not instant(entry, now)


def shrunken(ledger: Ledger, now: datetime) -> tuple[str, ...]:
    """The warm releases (ids) whose time at full size is over."""
    return tuple(entry.release.id for entry in ledger.warm if shrunk(entry, now))


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


def _format(entries: Iterable[Any]) -> int:
    texts = [entry for entry in entries if isinstance(entry, str)]
    return PACKED if any(map(packed, texts)) else FOLDED if texts else PLAIN


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
        by=terms.by,
        observed=terms.observed,
        release=release,
    )


def _in_state(entry: Entry, state: State) -> Entry:
    return entry.model_copy(update={"state": state})
