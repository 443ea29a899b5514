"""The entries of a ledger: a release each, and what it is now. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, overload

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from release.errors import LedgerError
from release.folding import IN_FULL, PACK, each, fold, pack
from release.model import Release

State = Literal["live", "warm", "retired"]

_LATER = ("warm_until", "baked", "evidence", "boot", "by", "observed")


class Entry(BaseModel):
    """One release and what it is now. `sequence` grows each time that a release becomes live; `live_at` is
    that moment in UTC (ISO 8601), empty where it isn't known.

    `warm_until` is when it shrinks after it stopped being live (UTC; empty where no time ends that). `baked` are the
    seconds for which it was watched with all the traffic before it counted as live, `evidence` is what allowed it to
    come here from another environment, in words. `boot` says how often its instances were made anew while the rest of
    its fleet stood. `by` is who ran the update that brought it live, `observed` what that saw at each step, a line a
    step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    sequence: Annotated[int, Field(ge=1)]
    state: State
    live_at: str = Field(default="", validation_alias="liveAt", serialization_alias="liveAt")
    warm_until: str = Field(default="", validation_alias="warmUntil", serialization_alias="warmUntil")
    baked: Annotated[int, Field(ge=0)] = 0
    evidence: str = ""
    boot: Annotated[int, Field(ge=1)] = 1
    by: str = ""
    observed: str = ""
    release: Release

    def dump(self) -> dict[str, Any]:
        """JSON's own types; what came later than the first ledgers is there only where it is known."""
        later = {name for name in _LATER if getattr(self, name) == type(self).model_fields[name].default}
        return self.model_dump(mode="json", by_alias=True, exclude=later)


@dataclass(frozen=True)
class Head:
    """What tells an entry from the others."""

    sequence: int
    state: str
    release: str
    version: str


class Entries(Sequence[Entry]):
    """Entries as a state keeps them. Those that run are looked at now, a retired one when somebody asks for it: there
    may be a thousand of them, and hardly anybody asks.

    Raises LedgerError for one that is not as it was written, at the latest when it is asked for.
    """

    def __init__(self, stored: Sequence[Any]) -> None:
        try:
            self._stored = [(one, each(one)) for one in stored]
        except ValueError as error:
            raise untrue("entries as they were written", str(error)) from None
        self._each = [entry for _, entries in self._stored for entry in entries]
        self._read: dict[int, Entry] = {}
        self.heads = tuple(self._head(place) for place in range(len(self._each)))

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Entry, ...]: ...

    def __getitem__(self, place: int | slice) -> Entry | tuple[Entry, ...]:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(len(self))[place])
        whole = range(len(self))[place]
        if whole not in self._read:
            self._read[whole] = _read(self._each[whole])
        return self._read[whole]

    def __len__(self) -> int:
        return len(self._each)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(self.heads)

    def dumped(self) -> list[Any]:
        """As they are stored, without looking at what is a text."""
        told: list[Any] = []
        place = 0
        for one, entries in self._stored:
            told.append(one if isinstance(one, str) else self[place].dump())
            place += len(entries)
        return told

    def _head(self, place: int) -> Head:
        found = _plainly(self._each[place])
        return found if found and found.state == "retired" else head(self[place])


def head(entry: Entry) -> Head:
    """The head of an entry."""
    return Head(entry.sequence, entry.state, entry.release.id, entry.release.version)


def heads(entries: Sequence[Entry]) -> tuple[Head, ...]:
    """The heads of all of them, without looking at any retired one."""
    return entries.heads if isinstance(entries, Entries) else tuple(map(head, entries))


def dumped(entries: Sequence[Entry]) -> list[Any]:
    """JSON's own types; what is retired and long ago in texts. What a state has and nobody has changed stays as it is,
    since another zlib would pack it otherwise.
    """
    if isinstance(entries, Entries):
        return entries.dumped()
    told: list[Any] = []
    latest = len(entries) - IN_FULL
    old = [place < latest and entry.state == "retired" for place, entry in enumerate(entries)]
    for first in range(0, len(entries), PACK):
        together, foldable = entries[first : first + PACK], old[first : first + PACK]
        if len(together) == PACK and all(foldable):
            told.append(pack([entry.dump() for entry in together]))
        else:
            told += [
                fold(entry.dump()) if alone else entry.dump()
                for entry, alone in zip(together, foldable, strict=True)
            ]
    return told


def untrue(expected: str, seen: str) -> LedgerError:
    """The error for a ledger that cannot be what this program has written."""
    return LedgerError(
        "the ledger in this stack's outputs cannot be used",
        expected=expected,
        seen=seen,
        state="traffic and data are untouched",
        next="pulumi stack output ledger --json",
    )


def unread(error: ValidationError) -> LedgerError:
    """The error for an entry that is not as it was written."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return untrue("entries as they were written", f"{place}: {first['msg']}".lstrip(": "))


def _read(stored: object) -> Entry:
    try:
        return Entry.model_validate(stored)
    except ValidationError as error:
        raise unread(error) from None


def _plainly(stored: object) -> Head | None:
    """The head of what is stored; None where only a whole look can tell."""
    release = stored.get("release") if isinstance(stored, Mapping) else None
    if not isinstance(stored, Mapping) or not isinstance(release, Mapping):
        return None
    sequence, state = stored.get("sequence"), stored.get("state")
    names = (release.get("id"), release.get("version"))
    if not isinstance(sequence, (int, float)) or state not in get_args(State):
        return None
    if not all(isinstance(name, str) for name in names):
        return None
    return Head(int(sequence), str(state), *map(str, names))
