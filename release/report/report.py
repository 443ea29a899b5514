"""The report of one release as JSON's own types, from its timeline, the stack's state and its history. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from release.history import Line, lines
from release.ledger import Entry, Ledger
from release.report.decisions import decisions
from release.report.migrations import migrations
from release.report.series import length, offset, phases, rates, times, totals, weights
from release.report.stories import moment
from release.schema import Run
from release.timeline import Timeline

FORMAT = 1

WATCHED = (
    "requests and errors are what the load balancer's metrics had told when the release was looked at: on AWS they "
    "come by the minute and one to three minutes late, and what came after the last look is not counted",
    "p50 and p99 are those of the provider's own probes, on fresh connections to the health path; of other requests "
    "the metrics that it reads tell the mean alone",
    "what a client saw that never reached the load balancer is seen by neither",
)
NO_MIGRATIONS = (
    "when migrations ran and for how long is kept while the release has a fleet; the table uneventful.migrations of "
    "the database tells it for ever"
)
NO_TIMELINE = (
    "no timeline of this release is in the bundle bucket: it was released before there were any, or by who could not "
    "write there; what follows is from the stack's state and its history, which know no moments within a release"
)
UNFINISHED = (
    "nobody has told the end of this: whoever drove it was killed, or is at work; what came after the last gate or "
    "step that was passed is not known"
)


@dataclass(frozen=True)
class Stack:
    """What the report asks of a stack: its name, its project's, its ledger, the history (`pulumi stack history`) and
    the migrator's runs that the state holds.
    """

    name: str
    project: str
    ledger: Ledger
    updates: Sequence[Mapping[str, Any]]
    runs: tuple[Run, ...]


def report(stack: Stack, release: str, version: str, stories: Sequence[Timeline]) -> dict[str, Any]:
    """`stories` of the release (id), the one to tell first; none for one that was released before there were any.

    `source` is `timeline` or `ledger`. Moments within the release are seconds from `started`; `preparation` are those
    from the update's beginning to there. The `others` are what else happened with this release.
    """
    entry = stack.ledger.find(release)
    story = stories[0] if stories else None
    told = lines(stack.updates, stack.ledger)
    line = _of_story(told, story) if story else _of_ledger(told, entry)
    migrated = migrations(stack.runs, release, _kinds(entry))
    unknown = [*([] if story else [NO_TIMELINE]), *([UNFINISHED] if story and not story.outcome else [])]
    if not migrated and (entry is None or entry.release.manifest.migrations):
        unknown.append(NO_MIGRATIONS)
    return {
        "format": FORMAT,
        "project": stack.project,
        "stack": stack.name,
        "release": _release(release, version, entry),
        "by": (story.by if story else "") or (entry.by if entry else "") or (line.by if line else ""),
        "approver": line.who if line else "",
        "reason": line.reason if line else "",
        "commit": line.commit if line else "",
        "migrations": migrated,
        **(_story(story, line) if story else _kept(entry, line)),
        "others": [
            {"started": each.started, "outcome": each.outcome, "kind": kind_of(each)} for each in stories[1:]
        ],
        "unknown": [*unknown, *(WATCHED if story else ())],
    }


def kind_of(timeline: Timeline) -> str:
    """What was wanted: a rollback, a release, or nothing but that it is as it should be."""
    shift = timeline.first("shift")
    if timeline.first("rollback") or (shift and shift.data.get("back")):
        return "rollback"
    if timeline.of("written", "doubt", "refused", "stopped", "failed") or not timeline.first("handover"):
        return "release"
    return "mending"


def _release(release: str, version: str, entry: Entry | None) -> dict[str, Any]:
    found = entry.release if entry else None
    return {
        "id": release,
        "version": found.version if found else version,
        "state": entry.state if entry else "never live",
        "digest": found.manifest.digest if found else "",
        "processes": [process.name for process in found.manifest.processes] if found else [],
        "evidence": entry.evidence if entry else "",
    }


def _story(story: Timeline, line: Line | None) -> dict[str, Any]:
    began = moment(line.at) if line else None
    failed = story.outcome in ("refused", "stopped", "failed")
    return {
        "source": "timeline",
        "kind": kind_of(story),
        "former": story.former,
        "outcome": story.outcome,
        "started": story.started,
        "ended": story.ended,
        "seconds": length(story),
        "preparation": max(0.0, (moment(story.started) - began).total_seconds()) if began else None,
        "update": line.seconds if line else None,
        "error": story.events[-1].text if failed else "",
        "phases": phases(story),
        "weights": weights(story),
        "rates": rates(story),
        "times": times(story),
        "totals": totals(story),
        "decisions": decisions(story),
        "steps": [],
        "events": [
            {"at": offset(story, event.at), "kind": event.kind, "text": _text(event.text)}
            for event in story.events
            if event.text
        ],
    }


def _kept(entry: Entry | None, line: Line | None) -> dict[str, Any]:
    """Without a timeline: what the ledger keeps of its steps."""
    return {
        "source": "ledger",
        "kind": line.move if line and line.move == "rollback" else "release",
        "former": line.former if line else "",
        "outcome": "live" if entry else "refused",
        "started": line.at if line else entry.live_at if entry else "",
        "ended": entry.live_at if entry else "",
        "seconds": None,
        "preparation": None,
        "update": line.seconds if line else None,
        "error": "",
        **{name: [] for name in ("phases", "weights", "rates", "times", "decisions", "events")},
        "totals": None,
        "steps": (entry.observed if entry else "").splitlines(),
    }


def _of_story(told: Sequence[Line], story: Timeline) -> Line | None:
    """The update that it was a part of; a rollback begins before the one that records it."""
    began, ended = moment(story.started), moment(story.ended or story.started)
    for line in told:
        start = moment(line.at)
        end = start + timedelta(seconds=line.seconds or 0)
        if start <= ended + timedelta(seconds=1) and end >= began:
            return line
    return None


def _of_ledger(told: Sequence[Line], entry: Entry | None) -> Line | None:
    name = str(entry.release) if entry else ""
    return next((line for line in told if line.wanted == name and line.move != "none"), None)


def _kinds(entry: Entry | None) -> dict[str, str]:
    return {each.revision: each.kind for each in entry.release.manifest.migrations} if entry else {}


def _text(text: str) -> str:
    """Its first line: a whole error has a place of its own."""
    return text.partition("\n")[0]
