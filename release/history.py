"""Who moved what, when and how it ended: the engine's history and the ledger told as one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from release.ledger import Ledger
from release.plan import BY_ID

RELEASE = "uneventful:release"

Move = Literal["first", "release", "rollback", "refused", "none"]

UNKNOWN = (
    "an update that was killed leaves no entry; what it left is seen in the next one, and in release status",
    "who typed a command is not recorded by Pulumi: `who` is the CI's actor or the committer of the checkout",
)


@dataclass(frozen=True)
class Line:
    """One update. `at` is when it began (ISO 8601, UTC), `seconds` how long it took (None where its end is not known).

    `move` is what it did about releases: `none` where what was live stayed. `former` and `wanted` are releases as
    people know them, empty where there was none; a `refused` one left the `former` live. `result` is the engine's word.
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


def lines(updates: Sequence[Mapping[str, Any]], ledger: Ledger) -> tuple[Line, ...]:
    """From what `pulumi stack history --json` prints and the stack's ledger, the latest first."""
    told: list[Line] = []
    live, lived = "", set[str]()
    for update in sorted(updates, key=lambda each: str(each.get("startTime", ""))):
        wanted = _wanted(update)
        name = _name(wanted, ledger)
        ended_well = update.get("result") == "succeeded"
        move = _move(name, live, lived, ended_well)
        told.append(_line(update, move, live, name if move != "none" else ""))
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
        str(release)
        for release in (entry.release for entry in ledger.entries)
        if not brought & {str(release), f"version {release.version}"}
    ]
    missing = (
        f"no update is recorded that brought {', '.join(lost)} live: the history is shorter than the ledger"
    )
    return (*([missing] if lost else []), *UNKNOWN)


def _line(update: Mapping[str, Any], move: Move, former: str, wanted: str) -> Line:
    facts = update.get("environment") or {}
    head, dirty = str(facts.get("git.head") or "")[:12], facts.get("git.dirty") == "true"
    changes = update.get("resourceChanges") or {}
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
    )


def _move(name: str, live: str, lived: set[str], ended_well: bool) -> Move:
    if not name or name == live:
        return "none"
    if not ended_well:
        return "refused"
    if name in lived:
        return "rollback"
    return "release" if live else "first"


def _wanted(update: Mapping[str, Any]) -> str:
    value = (update.get("config") or {}).get(RELEASE)
    if isinstance(value, Mapping):
        value = value.get("value")
    return str(value or "").strip()


def _name(wanted: str, ledger: Ledger) -> str:
    """As people know it: with its id where the ledger leaves no doubt which one it was."""
    if wanted.startswith(BY_ID):
        entry = ledger.find(wanted.removeprefix(BY_ID))
        return str(entry.release) if entry else wanted
    if not wanted:
        return ""
    matching = [str(entry.release) for entry in ledger.of_version(wanted)]
    if len(matching) == 1:
        return matching[0]
    return f"version {wanted}"


def _seconds(update: Mapping[str, Any]) -> float | None:
    try:
        began, ended = (datetime.fromisoformat(str(update[name])) for name in ("startTime", "endTime"))
    except (KeyError, ValueError):
        return None
    return (ended - began).total_seconds()
