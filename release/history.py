"""Who moved what, when and how it ended: the engine's history and the ledger told as one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from release.entries import heads
from release.ledger import Entry, Ledger, needs
from release.plan import BY_ID

RELEASE = "uneventful:release"
CONTRACT = "uneventful:contract"

Move = Literal["first", "release", "rollback", "refused", "contract", "none"]

UNKNOWN = (
    "an update that was killed leaves no entry; what it left is seen in the next one, and in release status",
    "who typed a command is not recorded by Pulumi: `who` is the CI's actor or the committer of the checkout; `by` is "
    "the user and the machine that the update ran on, kept for the last time that each release became live",
    "what was observed is kept for the last time that each release became live, and not for what was refused; whether "
    "a refused release has run its migrations is told by the table uneventful.migrations alone",
)

_COUNTED = re.compile(r"errors \d+ of (\d+)(?: \(old \d+ of (\d+)\))?")


@dataclass(frozen=True)
class Line:
    """One update. `at` is when it began (ISO 8601, UTC), `seconds` how long it took (None where its end is not known).

    `move` is what it did about releases: `none` where what was live stayed. `former` and `wanted` are releases as
    people know them, empty where there was none; a `refused` one left the `former` live; a `contract` is of what is
    live. `result` is the engine's word. `migrations` are the revisions that it brought into the database, `observed` is
    what was seen at each step, a line a step, and `requests` how many real ones that counts (None where the ledger does
    not say it any more). `by` is who ran it, where the ledger knows.
    """

    at: str
    seconds: float | None
    who: str
    move: Move
    former: str
    wanted: str
    result: str
    reason: str
    commit: str
    changes: str
    migrations: tuple[str, ...] = ()
    observed: str = ""
    requests: int | None = None
    by: str = ""


def lines(updates: Sequence[Mapping[str, Any]], ledger: Ledger) -> tuple[Line, ...]:
    """From what `pulumi stack history --json` prints and the stack's ledger, the latest first."""
    told: list[Line] = []
    names, live, lived, have = _Names(ledger), "", set[str](), set[str]()
    for update in sorted(updates, key=lambda each: str(each.get("startTime", ""))):
        wanted = _word(update, RELEASE)
        name, entry = names.of(wanted), names.entry(wanted)
        ended_well = update.get("result") == "succeeded"
        move = _move(name, live, lived, ended_well)
        brought: tuple[str, ...] = ()
        if move in ("first", "release") and entry:
            brought = tuple(revision for revision in needs(entry.release) if revision not in have)
            have |= set(brought)
        contracted = _contracted(update, ledger) if ended_well else ()
        if move == "none" and contracted:
            move, name, brought = "contract", live, contracted
        told.append(_line(update, move, live, name if move != "none" else "", brought, entry))
        if ended_well and name and update.get("kind") != "destroy":
            live = name
            lived.add(name)
        elif ended_well and update.get("kind") == "destroy":
            live = ""
    return tuple(reversed(told))


def gaps(found: Iterable[Line], ledger: Ledger) -> tuple[str, ...]:
    """What the history cannot tell, in words: releases of the ledger that no update of it brought live, and what is
    never recorded.
    """
    brought = {line.wanted for line in found if line.move in ("first", "release", "rollback")}
    lost = [
        f"version {head.version} ({head.release})"
        for head in heads(ledger.entries)
        if not brought & {f"version {head.version} ({head.release})", f"version {head.version}"}
    ]
    missing = (
        f"no update is recorded that brought {', '.join(lost)} live: the history is shorter than the ledger"
    )
    return (*([missing] if lost else []), *UNKNOWN)


class _Names:
    """What the releases of a ledger are called, each looked up at once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ids: dict[str, str] = {}
        self._versions: dict[str, list[str]] = {}
        for head in heads(ledger.entries):
            self._ids[head.release] = f"version {head.version} ({head.release})"
            self._versions.setdefault(head.version, []).append(head.release)
        self._places = {head.release: place for place, head in enumerate(heads(ledger.entries))}

    def of(self, wanted: str) -> str:
        """As people know it: with its id where the ledger leaves no doubt which one it was."""
        found = self._find(wanted)
        if found:
            return self._ids[found]
        return wanted if not wanted or wanted.startswith(BY_ID) else f"version {wanted}"

    def entry(self, wanted: str) -> Entry | None:
        """Its entry, where there is no doubt."""
        found = self._find(wanted)
        return self._ledger.entries[self._places[found]] if found else None

    def _find(self, wanted: str) -> str:
        if wanted.startswith(BY_ID):
            release = wanted.removeprefix(BY_ID)
            return release if release in self._ids else ""
        matching = self._versions.get(wanted, ())
        return matching[0] if len(matching) == 1 else ""


def _line(
    update: Mapping[str, Any],
    move: Move,
    former: str,
    wanted: str,
    migrations: tuple[str, ...],
    entry: Entry | None,
) -> Line:
    facts = update.get("environment") or {}
    head, dirty = str(facts.get("git.head") or "")[:12], facts.get("git.dirty") == "true"
    changes = update.get("resourceChanges") or {}
    own = (
        entry
        if entry and move in ("first", "release", "rollback") and _within(update, entry.live_at)
        else None
    )
    return Line(
        at=str(update.get("startTime") or ""),
        seconds=_seconds(update),
        who=str(facts.get("ci.actor") or facts.get("git.committer") or facts.get("git.author") or ""),
        move=move,
        former=former,
        wanted=wanted,
        result=str(update.get("result") or "in progress"),
        reason=str(update.get("message") or ""),
        commit=head + (" and changes of its own" if head and dirty else ""),
        changes=", ".join(f"{count} {kind}" for kind, count in sorted(changes.items()) if kind != "same"),
        migrations=migrations,
        observed=own.observed if own else "",
        requests=requests(own.observed) if own else None,
        by=own.by if own else "",
    )


def requests(observed: str) -> int | None:
    """The real requests that the steps of a shift have counted, on the new release and on the former one; None where
    none was counted, as on the way back, which waits for probes alone.
    """
    counted = _COUNTED.findall(observed)
    return sum(int(new) + int(old or 0) for new, old in counted) if counted else None


def _contracted(update: Mapping[str, Any], ledger: Ledger) -> tuple[str, ...]:
    """The contract revisions that this update applied."""
    wanted = _word(update, CONTRACT)
    done = (each for each in ledger.contracts if wanted and each.release == wanted)
    return tuple(each.revision for each in done if _within(update, each.at))


def _within(update: Mapping[str, Any], moment: str) -> bool:
    """Whether that was while it ran; both are told in whole seconds."""
    try:
        at, began, ended = (
            datetime.fromisoformat(each)
            for each in (moment, str(update.get("startTime")), str(update.get("endTime")))
        )
    except ValueError:
        return False
    return (at - began).total_seconds() >= -1 and (ended - at).total_seconds() >= -1


def _move(name: str, live: str, lived: set[str], ended_well: bool) -> Move:
    if not name or name == live:
        return "none"
    if not ended_well:
        return "refused"
    if name in lived:
        return "rollback"
    return "release" if live else "first"


def _word(update: Mapping[str, Any], key: str) -> str:
    value = (update.get("config") or {}).get(key)
    if isinstance(value, Mapping):
        value = value.get("value")
    return str(value or "").strip()


def _seconds(update: Mapping[str, Any]) -> float | None:
    try:
        began, ended = (datetime.fromisoformat(str(update[name])) for name in ("startTime", "endTime"))
    except (KeyError, ValueError):
        return None
    return (ended - began).total_seconds()
