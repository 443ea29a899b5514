"""What was decided in a release, and by which numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from release.report.series import offset
from release.timeline import Event, Timeline
from release.verdict import Counts, Limits, allowed_rate, allowed_seconds

_ENOUGH = 20
"""Of fewer probes the slowest one says more about itself than about the release."""


def decisions(timeline: Timeline) -> list[dict[str, Any]]:
    """In their order: `at` (s), `what` was decided on, the `verdict` (passed, refused, stopped), what was `needed` and
    what was `seen`, in words.
    """
    shift = timeline.first("shift")
    limits = (shift.data if shift else {}).get("limits", {"errors": 0.0, "latency": 1.0})
    told, gate, share, served = list[dict[str, Any]](), Event("", ""), "", ""
    for event in timeline.events:
        needed, seen, what = "", event.text, ""
        match event.kind:
            case "gate":
                gate = event
            case "written":
                share = f"{event.data['share']} %"
            case "passed":
                what, needed = "gate", _gate(gate.data)
            case "proven":
                served = f"served after {event.data['seconds']:.1f} s ({event.data['probes']} probes)"
                if not shift or not _followed(timeline, event):
                    what, needed, seen = share or "100 %", "what the API says is what is served", served
            case "step":
                what, needed = share, _allowed(event.data, limits)
                seen = f"{served}; {_seen(event.data)}" if served else _seen(event.data)
            case "baked":
                what = f"bake of {event.data['seconds']:g} s"
                needed, seen = _allowed(event.data, limits), _seen(event.data)
            case "workers" | "early":
                what, needed = "workers", "the release's own at work, all others at rest"
                if event.kind == "early":
                    needed = "the release's own at work beside the former ones"
            case "recorded":
                what, needed = "100 %", "what the rollback has moved, still served"
            case "doubt":
                what = share or "before the first step"
                needed, seen = event.data["expected"], event.data["seen"] or event.text
            case "refused" if timeline.first("doubt") is None:
                what, seen = "gate" if gate.at and not share else "the release", event.text
        if what:
            verdict = {"doubt": timeline.outcome or "refused", "refused": "refused"}.get(event.kind, "passed")
            told.append(
                {
                    "at": offset(timeline, event.at),
                    "what": what,
                    "verdict": verdict,
                    "needed": needed,
                    "seen": seen.partition("\n| ")[0],
                }
            )
    return told


def _followed(timeline: Timeline, proven: Event) -> bool:
    """Whether its step was watched to its end: then the step tells of the proof too."""
    share = proven.data["share"]
    return any(step.data["share"] == share and step.at >= proven.at for step in timeline.of("step"))


def _gate(data: Mapping[str, Any]) -> str:
    if not data:
        return ""
    return f"{data['healthy']} healthy targets and {data['probes']} probes in a row within {data['deadline']:g} s"


def _allowed(data: Mapping[str, Any], limits: Mapping[str, float]) -> str:
    old = Counts(data["old"]["requests"], data["old"]["errors"])
    limit = Limits(limits["errors"], limits["latency"])
    told = [f"at most {100 * allowed_rate(old, limit):.2g} % failed"]
    before = data["times"]["old"].get("p50")
    if before is not None:
        told.append(f"p50 at most {1000 * allowed_seconds(before / 1000, limit):.0f} ms")
    return ", ".join(told)


def _seen(data: Mapping[str, Any]) -> str:
    told = []
    for side, name in (("new", ""), ("old", "; former: ")):
        counts, times = data[side], data["times"][side]
        if not (counts["requests"] or times["count"]):
            continue
        words = [f"{counts['errors']} of {counts['requests']} failed"] if counts["requests"] else []
        if times["count"]:
            slow = f", p99 {times['p99']:.1f} ms" if times["count"] >= _ENOUGH else ""
            words.append(f"p50 {times['p50']:.1f} ms{slow} ({times['count']} probes)")
        told.append(name + ", ".join(words))
    return "".join(told) or "no request and no answer"
