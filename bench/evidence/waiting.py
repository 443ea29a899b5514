"""Where the time of one release goes, and which part of it is waiting that a setting prescribes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.evidence.kept import Waited
from bench.printed import Spent

_PHASES = {
    "the new fleet": (
        "aws:autoscaling:Group",
        "aws:ec2:LaunchTemplate",
        "aws:lb:TargetGroup",
        "aws:lb:ListenerRule",
    ),
    "gate": ("uneventful:index:HealthGate",),
    "shift": ("uneventful:index:TrafficShift",),
    "handover and bake": ("uneventful:index:Handover",),
}


def mandated(config: Mapping[str, Any]) -> dict[str, float]:
    """Seconds that the settings of a stack's file make every release wait, each with its reason."""
    rollout, health = config["uneventful:rollout"], config["uneventful:web"]["health"]
    steps, observe = len(rollout["steps"]), float(rollout["observe"])
    last = max(observe, float(rollout["drain"]))
    return {
        f"health checks: {health['healthy']} in a row, {health['interval']} s apart": float(
            health["healthy"] * health["interval"]
        ),
        f"watching {steps} steps of traffic, {observe:g} s each": observe * (steps - 1) + last,
        f"bake: {rollout['bake']} s of watching everything": float(rollout["bake"]),
    }


def phases(times: Sequence[Spent], began: float, ended: float) -> dict[str, float]:
    """Seconds of wall time by phase, from when the command began to when it ended on the lines' clock; what several
    phases share counts for the later one."""
    edges: list[tuple[str, float, float]] = []
    for name, types in _PHASES.items():
        mine = [one for one in times if one.type in types]
        if mine:
            edges.append((name, min(one.began for one in mine), max(one.ended for one in mine)))
    if not edges:
        return {"all of it": ended - began}
    found = {"plan, and what comes before the fleet": edges[0][1] - began}
    for (name, start, end), following in zip(edges, [*(edge[1] for edge in edges[1:]), ended], strict=True):
        found[name] = max(0.0, min(end, following) - start)
    whole = ended - began
    found["the rest: retiring, recording, between the phases"] = max(0.0, whole - sum(found.values()))
    return found


def waited(config: Mapping[str, Any], times: Sequence[Spent], began: float, ended: float) -> Waited:
    return Waited(whole=ended - began, parts=mandated(config), phases=phases(times, began, ended))
