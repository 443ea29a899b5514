"""What somebody should look at in an environment, and how soon. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Level = Literal["bad", "unknown", "watch", "moving", "note"]
"""`bad`: users notice, or will. `unknown`: nobody can say. `watch`: somebody should look today. `moving`: a release or
an update is at work. `note`: good to know."""

LEVELS: tuple[Level, ...] = get_args(Level)
"""The worst first."""


@dataclass(frozen=True)
class Remark:
    """`text` goes on after the environment's name. `next` is the command to type, empty where there is none."""

    level: Level
    text: str
    next: str = ""

    def __str__(self) -> str:
        return self.text


def remarks(told: Mapping[str, Any]) -> Iterator[Remark]:
    """All that there is to say about the status of one environment, as `release.cli.told` has it."""
    at = f"--stack {told['stack']}"
    if told.get("error"):
        yield Remark("unknown", f"could not be asked: {_why(told)}", f"release status {at}")
    if not told.get("asked"):
        return
    if told["live"] is None:
        yield Remark("note", "has no release yet", f"release deploy VERSION {at}")
    if told["failures"]:
        failing = f"fails: {told['failures']} of {told['sampled']} answers on fresh connections"
        yield Remark("bad", failing, _way_back(told, at))
    if told["alarms"]:
        yield Remark("bad", f"rings: {', '.join(told['alarms'])}", f"release logs {at} --since 15m")
    yield from _fleets(told, at)
    for queue in told["queues"]:
        if queue["dead"]:
            text = f"has {queue['dead']} dead letters in the queue {queue['queue']}"
            yield Remark("watch", text, f"release logs {at} --since 1h")
    if told["lease"] and told["lease"]["alive"]:
        yield Remark("moving", f"moves traffic: {told['lease']['who']} holds the lease")
    yield from (Remark("moving", f"is locked: {lock}", f"release unlock {at}") for lock in told["locks"])
    if told["freeze"]:
        yield Remark("note", f"is frozen: {told['freeze']}")
    yield from (Remark("watch", f"drifts: {line}", f"pulumi up {at}") for line in told["drift"])
    yield from (
        Remark("unknown", f"is not known: {line}", f"release status {at}") for line in told["unknown"]
    )


def _fleets(told: Mapping[str, Any], at: str) -> Iterator[Remark]:
    moves = _moves(told)
    for each in told["releases"]:
        if each["state"] == "candidate":
            named = f"{each['version'] or '?'} ({each['id']}) at {each['weight'] or 0} %"
            yield Remark(
                "moving" if moves else "watch",
                f"has a candidate: {named}",
                "" if moves else f"pulumi up {at}",
            )
    live = next((each for each in told["releases"] if each["state"] == "live"), None)
    if live is None:
        return
    wanted = live["wanted"] or live["targets"]
    if wanted and live["healthy"] < wanted:
        text = f"has {live['healthy']} of {wanted} web instances healthy"
        yield Remark("watch" if live["healthy"] else "bad", text, f"release ps {at}")
    for group in live["workers"]:
        if group["turn"] not in ("working", ""):
            text = f"has workers that rest, of the live release: {group['process']}"
            yield Remark("moving" if moves else "watch", text, "" if moves else f"pulumi up {at}")
        elif group["healthy"] < group["wanted"]:
            text = f"has {group['healthy']} of {group['wanted']} instances of {group['process']} healthy"
            yield Remark("watch", text, f"release ps {at}")


def _moves(told: Mapping[str, Any]) -> bool:
    return bool(told["locks"] or (told["lease"] and told["lease"]["alive"]))


def _way_back(told: Mapping[str, Any], at: str) -> str:
    """Nobody else's release is undone half way."""
    warm: Sequence[Any] = [each for each in told["releases"] if each["state"] == "warm"]
    if _moves(told):
        return f"release abort {at}"
    return f"release rollback {at}" if warm else f"release logs web {at} --since 15m"


def _why(told: Mapping[str, Any]) -> str:
    """The first reason of several, which mostly are one."""
    if told.get("unknown"):
        return str(told["unknown"][0])
    lines = [line.strip() for line in told["error"].splitlines()]
    seen = next((line.removeprefix("seen:").strip() for line in lines if line.startswith("seen:")), "")
    return f"{lines[0]}: {seen}" if seen else lines[0]
