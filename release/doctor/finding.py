"""What came of one check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "bad", "not looked"]

SOUND: Level = "ok"
DOUBTFUL: Level = "warn"
BAD: Level = "bad"
UNSEEN: Level = "not looked"


class NotLooked(Exception):
    """Something could not be looked at: `str()` says why, `next` what would let us look."""

    def __init__(self, why: str, next: str = "") -> None:
        super().__init__(why)
        self.next = next


@dataclass(frozen=True)
class Finding:
    """`check` is what was looked at, `seen` what was seen there, with numbers and their limits; `next` what to type
    or to do, empty where nothing has to be done.
    """

    level: Level
    check: str
    seen: str
    next: str = ""

    def __str__(self) -> str:
        first = f"{self.level + ':':<12}{self.check}: {self.seen}"
        return f"{first}\n{'':<12}next: {self.next}" if self.next else first


def ok(check: str, seen: str) -> Finding:
    return Finding(SOUND, check, seen)


def warn(check: str, seen: str, next: str) -> Finding:
    """It works now, and may not at the next occasion."""
    return Finding(DOUBTFUL, check, seen, next)


def bad(check: str, seen: str, next: str) -> Finding:
    """A release cannot go well like this."""
    return Finding(BAD, check, seen, next)


def healthy(findings: Iterable[Finding]) -> bool:
    """Whether none is bad. What could not be looked at does not count as bad, and is said."""
    return all(each.level != BAD for each in findings)
