"""The verdict on a new release while both serve: good, bad, or not measured. Pure.

Counts come from the balancer's own metrics (real traffic); `Latency` also from probes, which time a release under
little traffic. 'Cannot measure' is kept apart from 'measured, and bad'; both stop a shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median

from release.binomial import at_least

SURE = 0.01
"""Errors less likely than this under the allowed rate are not chance."""
FEWEST_ERRORS = 2
"""One odd error never stops a release."""
FLOOR_SECONDS = 0.05
"""A difference in latency below this is not held against a release, whatever the ratio."""
FEWEST_REQUESTS = 500
"""A mean over fewer requests says more about which requests came than about the release."""
FEWEST_PROBES = 10


@dataclass(frozen=True)
class Counts:
    """What a target group answered in a span: requests, the failed ones of them, and the time of all (s)."""

    requests: int = 0
    errors: int = 0
    seconds: float = 0.0

    def since(self, earlier: Counts) -> Counts:
        """What came after `earlier`, a count of the same group from the same start."""
        return Counts(
            max(0, self.requests - earlier.requests),
            max(0, self.errors - earlier.errors),
            max(0.0, self.seconds - earlier.seconds),
        )

    @property
    def mean(self) -> float:
        """Mean time of an answer in s; 0 without requests."""
        return self.seconds / self.requests if self.requests else 0.0

    def __str__(self) -> str:
        return f"{self.errors} of {self.requests}"


@dataclass(frozen=True)
class Limits:
    """What is allowed: `error_rate` is a fraction above the old release's rate, `latency_ratio` new over old."""

    error_rate: float
    latency_ratio: float


class Finding(Enum):
    GOOD = "good"
    BAD = "bad"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Verdict:
    """A finding and, unless it is good, what was expected and what was seen, with numbers."""

    finding: Finding
    expected: str = ""
    seen: str = ""


GOOD = Verdict(Finding.GOOD)


def allowed_rate(old: Counts, limits: Limits) -> float:
    """The share of answers that may fail: what is usual, and what the limits add."""
    return min(1.0, _usual(old) + limits.error_rate)


def allowed_seconds(old: float, limits: Limits) -> float:
    """How long (s) an answer may take where the old release takes `old`."""
    return max(old * limits.latency_ratio, old + FLOOR_SECONDS)


def errors_verdict(new: Counts, old: Counts, limits: Limits) -> Verdict:
    """Bad when the new release's errors are not chance under the old one's rate plus what is allowed above it."""
    usual, allowed = _usual(old), allowed_rate(old, limits)
    if new.errors < FEWEST_ERRORS or at_least(new.errors, new.requests, allowed) >= SURE:
        return GOOD
    return Verdict(
        Finding.BAD,
        expected=f"at most {_percent(allowed)} of answers failed (the old release's {_percent(usual)} "
        f"+ {_percent(limits.error_rate)} allowed)",
        seen=f"{new} failed ({_percent(new.errors / new.requests)}) on the new release, {old} on the old one",
    )


def latency_verdict(new: float, old: float, limits: Limits, source: str) -> Verdict:
    """Bad when the new release takes longer (s) than the ratio allows, and by more than the floor."""
    allowed = allowed_seconds(old, limits)
    if new <= allowed:
        return GOOD
    return Verdict(
        Finding.BAD,
        expected=f"at most {allowed * 1000:.0f} ms ({limits.latency_ratio:g} × the old release's "
        f"{old * 1000:.0f} ms, never less than {FLOOR_SECONDS * 1000:.0f} ms above it)",
        seen=f"{new * 1000:.0f} ms, {source}",
    )


def traffic_verdict(new: Counts, old: Counts, limits: Limits) -> Verdict:
    """Errors first, then the mean latency where both served enough requests for a mean to mean something."""
    if new.requests == 0:
        return Verdict(
            Finding.NOT_MEASURED,
            expected="answers of the new release in the balancer's metrics",
            seen=f"none (old release: {old.requests} requests)",
        )
    verdict = errors_verdict(new, old, limits)
    if verdict is not GOOD or min(new.requests, old.requests) < FEWEST_REQUESTS:
        return verdict
    return latency_verdict(
        new.mean, old.mean, limits, f"mean of {new.requests} requests (old: of {old.requests})"
    )


def probes_verdict(new: Sequence[float], old: Sequence[float], limits: Limits) -> Verdict:
    """The medians of probes' times (s), where there are enough of both."""
    if min(len(new), len(old)) < FEWEST_PROBES:
        return GOOD
    return latency_verdict(
        median(new), median(old), limits, f"median of {len(new)} probes (old: of {len(old)})"
    )


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.2g} %"


def _usual(old: Counts) -> float:
    """The old release's own share of failed answers; one that was never seen to fail is not taken for perfect."""
    return (old.errors + 0.5) / (old.requests + 1) if old.requests else 0.0
