"""What the page says of each environment. Pure: sights in, words out, nothing escaped yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from release import warmth
from release.cli.remarks import LEVELS, Level, Remark, remarks
from release.dashboard.facts import facts
from release.dashboard.moves import Move, move
from release.dashboard.running import Fleet, Share, fleet, shares
from release.dashboard.sight import Sight, Told

Standing = Literal[Level, "well", "none"]

_WORDS: Mapping[Standing, str] = {
    "bad": "Act now",
    "unknown": "Not known",
    "watch": "Look",
    "moving": "Moving",
    "well": "Well",
    "none": "Nothing here",
}


@dataclass(frozen=True)
class Column:
    """One environment. `at` is the moment of what is shown, empty where nothing was read; `old_after` seconds."""

    stack: str
    standing: Standing
    word: str
    remarks: tuple[Remark, ...]
    error: str
    url: str
    at: str
    old_after: int
    since: str
    fleets: tuple[Fleet, ...]
    live_at: str
    told: tuple[Share, ...]
    served: tuple[Share, ...]
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    rollback: str
    rollback_command: str
    moves: tuple[Move, ...]
    moves_unknown: str
    drift: str
    drift_lines: tuple[str, ...]
    drift_at: str
    looking: bool
    drifts: bool
    waiting: bool
    unmade: bool


@dataclass(frozen=True)
class Headline:
    """The one thing to know, of which environment, and what else there is."""

    standing: Standing
    stack: str
    text: str
    next: str
    more: str


def columns(sights: Sequence[Sight], now: datetime) -> tuple[Column, ...]:
    return tuple(_column(sight, now) for sight in sights)


def headline(shown: Sequence[Column]) -> Headline:
    """The worst first; a note is nobody's headline."""
    found = [(each.stack, remark) for each in shown for remark in each.remarks if remark.level != "note"]
    found.sort(key=lambda each: LEVELS.index(each[1].level))
    if found:
        (stack, worst), *others = found
        also = sorted({each for each, _ in others} - {stack})
        more = f"and {len(others)} more" + (f", also in {', '.join(also)}" if also else "") if others else ""
        return Headline(worst.level, stack, worst.text, worst.next, more)
    if not shown or any(each.waiting for each in shown):
        return Headline("none", "", "Reading the environments for the first time", "", "")
    running = [each for each in shown if each.standing == "well"]
    if not running:
        return Headline("none", "", "No environment has a release yet", "", "")
    many = "All is well" if len(running) > 1 else f"{running[0].stack} is well"
    return Headline("well", "", many, "", "")


def _column(sight: Sight, now: datetime) -> Column:
    told = sight.told
    said = tuple(sorted(_said(sight, now), key=lambda each: LEVELS.index(each.level)))
    standing = _standing(sight, said)
    cost, command = _rollback(told, now)
    return Column(
        stack=sight.stack,
        standing=standing,
        word=_WORDS[standing] if sight.made is not False else "Not made yet",
        remarks=said,
        error=sight.error,
        url=url if (url := str(told.get("url") or "")).startswith(("http://", "https://")) else "",
        at=_written(sight.at),
        old_after=int(sight.old_after.total_seconds()),
        since=_written(sight.since),
        fleets=tuple(map(fleet, told.get("releases", ()))),
        live_at=str(told.get("liveAt") or ""),
        told=shares(told, "weight", 1.0) if told.get("asked") else (),
        served=shares(told, "served", 100.0),
        facts=tuple(facts(told)) if told.get("asked") else (),
        rollback=cost,
        rollback_command=command,
        moves=tuple(map(move, sight.past.lines)),
        moves_unknown=sight.past.unknown,
        **_drift(sight),
        drifts=bool(told.get("drift")),
        unmade=sight.made is False,
        waiting=sight.made is not False and "releases" not in told and not sight.error,
    )


def _said(sight: Sight, now: datetime) -> Iterator[Remark]:
    """What was said of the last whole reading, why there is none since, and how old it is."""
    if sight.error and sight.told.get("asked"):
        yield from remarks({"stack": sight.stack, "asked": False, "error": sight.error})
        yield from remarks(sight.told)
    else:
        yield from remarks({"stack": sight.stack, "asked": False, **sight.told, "error": sight.error})
        if sight.told.get("asked") and sight.old(now):
            yield Remark("unknown", "was not read for a while: what is shown is old", "")


def _standing(sight: Sight, said: Sequence[Remark]) -> Standing:
    worst = next((each.level for each in said if each.level != "note"), None)
    if worst:
        return worst
    return "well" if sight.told.get("asked") and sight.told.get("live") else "none"


def _rollback(told: Told, now: datetime) -> tuple[str, str]:
    """What a way back costs now, and how it is typed."""
    if not told.get("live"):
        return "", ""
    warm = [each for each in told["releases"] if each["state"] == "warm"]
    if not warm:
        return "no release is warm: whatever one goes back to must boot, minutes", ""
    first = warm[0]
    cost = warmth.told(_Warm(first["warmUntil"] or ""), now)
    others = f"; {len(warm) - 1} more are warm" if len(warm) > 1 else ""
    return (
        f"to {first['version']} ({first['id']}): {cost.replace('T', ' ').replace('Z', ' UTC')}{others}",
        f"release rollback --stack {told['stack']}",
    )


@dataclass(frozen=True)
class _Warm:
    warm_until: str


def _drift(sight: Sight) -> dict[str, Any]:
    drift = sight.drift
    if drift.error:
        said = f"could not be looked for: {drift.error.partition(chr(10))[0]}"
    elif drift.at:
        said = "found" if drift.lines else "none: every resource is as the state says"
    else:
        said = ""
    return {
        "drift": said,
        "drift_lines": drift.lines,
        "drift_at": _written(drift.at),
        "looking": drift.looking,
    }


def _written(moment: datetime | None) -> str:
    return warmth.written(moment) if moment else ""
