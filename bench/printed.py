"""When each resource was begun and done, from what `pulumi up` prints where there is no terminal. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_COMMAND = re.compile(r"^\[ *[\d.]+ s\] \$ (?P<command>.+)$")
_STEP = re.compile(
    r"^ *[-+~*=<>]* +(?P<type>[^\s:]+:[^\s:]+:\S+) (?P<name>\S+) (?P<verb>\S+ing|\S+ed)(?: \w+)? \([\d.ms]+\)"
)

Key = tuple[str, str]
"""A resource's type as Pulumi shows it, and its name."""


@dataclass(frozen=True)
class Line:
    """`at` is when it came, in seconds of a clock that only goes forward."""

    at: float
    text: str


@dataclass(frozen=True)
class Spent:
    """One resource of an update, by its type as Pulumi shows it; times on the lines' clock."""

    type: str
    name: str
    began: float
    ended: float

    @property
    def key(self) -> Key:
        return self.type, self.name

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def section(lines: Iterable[Line], command: str) -> tuple[Line, ...]:
    """What was printed from the announcement of the first command that begins with `command` to that of the next."""
    taken: list[Line] = []
    inside = False
    for line in lines:
        announced = _COMMAND.match(line.text)
        if announced:
            if inside:
                break
            inside = announced["command"].startswith(command)
        elif inside:
            taken.append(line)
    return tuple(taken)


def spent(lines: Sequence[Line]) -> tuple[Spent, ...]:
    """Everything that was seen to begin and to be done, in the order of being done; components and the stack too,
    where they have an end of their own."""
    began: dict[Key, float] = {}
    done: list[Spent] = []
    for line in lines:
        step = _STEP.match(line.text)
        if not step:
            continue
        key = step["type"], step["name"]
        if step["verb"].endswith("ing"):
            began.setdefault(key, line.at)
        elif key in began:
            done.append(Spent(*key, began.pop(key), line.at))
    return tuple(done)
