"""A timeline's events as series over its seconds: phases, weights, rates of requests and of errors, times. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from release.report.stories import moment
from release.timeline import Event, Timeline

_PHASE = {
    "gate": "gate",
    "handover": "handover",
    "baking": "bake",
    "doubt": "back",
    "rollback": "rollback",
}
_SILENT = frozenset(
    {"passed", "shifted", "back", "recorded", "live", "refused", "stopped", "failed", "ended"}
)
"""After these nothing goes on, until something begins."""


def offset(timeline: Timeline, at: str) -> float:
    """Seconds from the timeline's beginning."""
    return round((moment(at) - moment(timeline.started)).total_seconds(), 3)


def length(timeline: Timeline) -> float:
    """Seconds from its beginning to its end, or to the last that is known."""
    last = timeline.ended or (timeline.events[-1].at if timeline.events else timeline.started)
    return offset(timeline, last)


def phases(timeline: Timeline) -> list[dict[str, Any]]:
    """What went on from when to when (s): gate, a share of the traffic, handover, bake, back, rollback."""
    found: list[dict[str, Any]] = []
    for event in timeline.events:
        name = _phase(event, found[-1]["name"] if found and found[-1]["ended"] is None else "")
        if not name and event.kind not in _SILENT:
            continue
        at = offset(timeline, event.at)
        if found and found[-1]["ended"] is None:
            found[-1]["ended"] = at
        if name:
            found.append({"name": name, "began": at, "ended": None, "share": event.data.get("share")})
    if found and found[-1]["ended"] is None:
        found[-1]["ended"] = length(timeline)
    return [each for each in found if each["ended"] > each["began"]]


def weights(timeline: Timeline) -> list[dict[str, Any]]:
    """The share of the release (percent) that the balancer was told, from each moment (s) on."""
    begun = 0 if timeline.first("shift") and not timeline.first("recorded") else None
    start = [{"at": 0.0, "share": begun}] if begun is not None and timeline.former else []
    told = [
        {"at": offset(timeline, event.at), "share": event.data["share"]}
        for event in timeline.of("written", "put back")
        if "share" in event.data
    ]
    return [*start, *told] if told else []


def rates(timeline: Timeline) -> list[dict[str, Any]]:
    """Requests a second, and errors, of the new release and of the former one, from when to when (s). A span ends where
    a count has changed: CloudWatch counts by the minute, and late.
    """
    found: list[dict[str, Any]] = []
    for began, looks in _watches(timeline):
        since, before = began, {side: {"requests": 0, "errors": 0} for side in ("new", "old")}
        for look in looks:
            at = offset(timeline, look.at)
            more = {side: _more(look.data[side], before[side]) for side in ("new", "old")}
            if at <= since or not any(each["requests"] for each in more.values()):
                continue
            seconds = at - since
            found.append(
                {
                    "began": since,
                    "ended": at,
                    **{side: round(each["requests"] / seconds, 1) for side, each in more.items()},
                    "errors": {side: each["errors"] for side, each in more.items()},
                }
            )
            since, before = at, {side: look.data[side] for side in ("new", "old")}
    return found


def times(timeline: Timeline) -> list[dict[str, Any]]:
    """The 50th and 99th percentile (ms) of the provider's probes between two looks, by who answered."""
    return [
        {"at": offset(timeline, look.at), **{side: look.data["probes"][side] for side in ("new", "old")}}
        for look in timeline.of("sample")
    ]


def totals(timeline: Timeline) -> dict[str, dict[str, Any]]:
    """All that the balancer was seen to count while the release was watched: requests, and the failed ones."""
    found = {side: {"requests": 0, "errors": 0} for side in ("new", "old")}
    for _, looks in _watches(timeline):
        for side, total in found.items():
            for name in total:
                total[name] += looks[-1].data[side][name] if looks else 0
    return found


def _phase(event: Event, current: str) -> str:
    if event.kind == "written" and current != "back":
        return f"{event.data['share']} %"
    return _PHASE.get(event.kind, "")


def _watches(timeline: Timeline) -> Iterator[tuple[float, Sequence[Event]]]:
    """A shift and a handover count anew each: when (s) each began, and what it saw."""
    began, looks = 0.0, list[Event]()
    for event in timeline.events:
        if event.kind in ("shift", "handover"):
            if looks:
                yield began, looks
            began, looks = offset(timeline, event.at), []
        elif event.kind == "sample":
            looks.append(event)
    if looks:
        yield began, looks


def _more(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, int]:
    return {name: max(0, now[name] - before[name]) for name in ("requests", "errors")}
