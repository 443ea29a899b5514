"""The figure of a report: where each mark stands, in the units of its SVG. Pure; the template draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

WIDTH, LEFT, RIGHT = 1000.0, 62.0, 14.0
_BAND = 26.0
_LANES = (("weights", 118.0), ("rates", 118.0), ("times", 96.0))
_GAP = 34.0
_TOP = 10.0
_NAME = 6.3
"""How wide a letter of a phase's name is, about."""


@dataclass(frozen=True)
class Lane:
    """A part of the figure with a scale of its own: `ticks` are (place, what it says), from below."""

    top: float
    height: float
    ticks: tuple[tuple[float, str], ...]
    most: float

    def y(self, value: float) -> float:
        place = self.top + self.height * (1 - min(value, self.most) / self.most)
        return round(place, 1)


def chart(report: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where nothing has a moment."""
    seconds: float | None = report["seconds"]
    if not seconds or not report["phases"]:
        return None

    def x(at: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(at, seconds) / seconds, 1)

    lanes, top = dict[str, Lane](), _TOP + _BAND + _GAP - 8
    for name, height in _LANES:
        if name == "weights" or report[name]:
            most, every, unit = _scale(name, report)
            count = round(most / every)
            lane = Lane(top, height, (), most)
            ticks = tuple((lane.y(every * n), f"{every * n:g}{unit}") for n in range(count + 1))
            lanes[name] = Lane(top, height, ticks, most)
            top += height + _GAP
    bottom = top - _GAP
    return {
        "width": WIDTH,
        "height": round(bottom + 30, 1),
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "bottom": bottom,
        "band": {"top": _TOP, "height": _BAND},
        "phases": [_phase(each, x) for each in report["phases"]],
        "lanes": lanes,
        "clock": [(x(at), _clock(at)) for at in _ticks(seconds)],
        "weights": _area(report["weights"], seconds, lanes["weights"], x),
        "moments": [(x(each["at"]), lanes["weights"].y(each["share"]), each) for each in report["weights"]],
        "rates": {side: _steps(report["rates"], side, lanes["rates"], x) for side in ("old", "new")}
        if "rates" in lanes
        else {},
        "errors": _errors(report["rates"], lanes["rates"], x) if "rates" in lanes else [],
        "times": {side: _times(report["times"], side, lanes["times"], x) for side in ("old", "new")}
        if "times" in lanes
        else {},
    }


def _scale(name: str, report: Mapping[str, Any]) -> tuple[float, float, str]:
    if name == "weights":
        return 100.0, 50.0, " %"
    if name == "rates":
        most = max([each[side] for each in report["rates"] for side in ("new", "old")], default=1.0)
        return *_nice(most, 3), ""
    slow = sorted(
        each[side]["p99"] for each in report["times"] for side in ("new", "old") if each[side]["count"]
    )
    # One odd answer must not press all others to the ground: what is slower stands at the edge.
    usual = slow[int(0.97 * (len(slow) - 1))] if slow else 1.0
    return *_nice(usual * 1.05, 3), " ms"


def _nice(most: float, parts: int) -> tuple[float, float]:
    """A scale that holds `most`, and its steps: 1, 2, 2.5 or 5 of a power of ten."""
    step = 1e-3
    for power in range(-3, 9):
        for unit in (1.0, 2.0, 2.5, 5.0):
            step = unit * 10.0**power
            if step * parts >= most:
                count = max(1, -(-most // step))
                return step * count, step
    return most, most


def _ticks(seconds: float) -> Sequence[float]:
    step = next(
        (
            each
            for each in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
            if seconds / each <= 10
        ),
        seconds / 8,
    )
    return [step * n for n in range(int(seconds // step) + 1)]


def _clock(at: float) -> str:
    minutes, seconds = divmod(round(at), 60)
    return f"{minutes}:{seconds:02}"


def _phase(each: Mapping[str, Any], x: Callable[[float], float]) -> dict[str, Any]:
    left, right = x(each["began"]), x(each["ended"])
    name, took = each["name"], each["ended"] - each["began"]
    long = f"{name} · {took:.0f} s"
    told = next((text for text in (long, name) if len(text) * _NAME < right - left - 6), "")
    kind = "share" if name.endswith("%") else name
    return {
        "left": left,
        "width": round(right - left, 1),
        "name": name,
        "told": told,
        "seconds": took,
        "kind": kind,
    }


def _area(
    weights: Sequence[Mapping[str, Any]], seconds: float, lane: Lane, x: Callable[[float], float]
) -> dict[str, str]:
    """The line of the share, and the surface below it."""
    if not weights:
        return {}
    points = [(x(weights[0]["at"]), lane.y(weights[0]["share"]))]
    for before, each in pairwise(weights):
        points += [(x(each["at"]), lane.y(before["share"])), (x(each["at"]), lane.y(each["share"]))]
    points.append((x(seconds), lane.y(weights[-1]["share"])))
    line, ground = _path(points), lane.top + lane.height
    return {"line": line, "area": f"{line} L{points[-1][0]},{ground} L{points[0][0]},{ground} Z"}


def _steps(rates: Sequence[Mapping[str, Any]], side: str, lane: Lane, x: Callable[[float], float]) -> str:
    points = [(x(at), lane.y(each[side])) for each in rates for at in (each["began"], each["ended"])]
    return _path(points)


def _errors(
    rates: Sequence[Mapping[str, Any]], lane: Lane, x: Callable[[float], float]
) -> list[dict[str, Any]]:
    return [
        {
            "left": x(each["began"]),
            "width": max(3.0, round(x(each["ended"]) - x(each["began"]), 1)),
            "side": side,
            "count": each["errors"][side],
            "top": lane.top + lane.height,
        }
        for each in rates
        for side in ("new", "old")
        if each["errors"][side]
    ]


def _times(
    times: Sequence[Mapping[str, Any]], side: str, lane: Lane, x: Callable[[float], float]
) -> dict[str, str]:
    """The median as a line, and what is between it and the 99th percentile as a surface."""
    told = [(x(each["at"]), each[side]) for each in times if each[side]["count"]]
    if len(told) < 2:
        return {}
    low = [(at, lane.y(each["p50"])) for at, each in told]
    high = [(at, lane.y(each["p99"])) for at, each in told]
    return {"line": _path(low), "band": f"{_path(high)} L{_path(low[::-1])[1:]} Z", "edge": _path(high)}


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{left},{top}" for left, top in points)
