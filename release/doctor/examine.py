"""All checks at once, each for itself: one that fails, or never answers, keeps no other one from being told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from release.aws import Busy, Refused
from release.doctor.finding import UNSEEN, Finding, NotLooked
from release.errors import UneventfulError

T = TypeVar("T")

LIMIT = 30.0
"""Seconds that a check may take."""

Look = Callable[[], Finding | Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """`look` sees and judges; it runs in a thread of its own, and what it raises is told as `not looked`."""

    name: str
    look: Look
    limit: float = LIMIT


class Once(Generic[T]):
    """What several checks need and one asks: the first to come asks, the others wait for the same answer or error."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._answers: list[T] = []
        self._error: Exception | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._error is not None:
                raise self._error
            if not self._answers:
                try:
                    self._answers.append(self._ask())
                except Exception as error:
                    self._error = error
                    raise
            return self._answers[0]


@dataclass
class _Run:
    check: Check
    findings: list[Finding] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def __call__(self) -> None:
        try:
            found = self.check.look()
            self.findings = [found] if isinstance(found, Finding) else list(found)
        except Exception as error:
            self.findings = [unseen(self.check.name, error)]
        finally:
            self.done.set()


def examine(checks: Sequence[Check]) -> tuple[Finding, ...]:
    """Run all of them at the same time; their findings in the order of the checks. Takes as long as the slowest one,
    and no longer than its limit.
    """
    began = time.monotonic()
    runs = [_Run(check) for check in checks]
    for run in runs:
        threading.Thread(target=run, name=f"check {run.check.name}", daemon=True).start()
    findings: list[Finding] = []
    for run in runs:
        if run.done.wait(max(0.0, began + run.check.limit - time.monotonic())):
            findings += run.findings
        else:
            seen = f"no answer within {run.check.limit:.0f} s"
            findings.append(Finding(UNSEEN, run.check.name, seen, "try again; the network may be slow"))
    return tuple(findings)


def unseen(name: str, error: Exception) -> Finding:
    """What a check could not see, and why."""
    if isinstance(error, NotLooked):
        return Finding(UNSEEN, name, str(error), error.next)
    if isinstance(error, UneventfulError):
        seen = f"{error.what}: {error.seen}" if error.seen else error.what
        return Finding(UNSEEN, name, _line(seen), _line(error.next))
    if isinstance(error, (Busy, Refused)):
        return Finding(UNSEEN, name, _line(str(error)))
    return Finding(UNSEEN, name, _line(f"{type(error).__name__}: {error}"))


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"
