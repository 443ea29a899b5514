"""Rollbacks under load: how long the bad release still answers, counted by those who ask."""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.figures import Figure, Share, shares
from bench.printed import Line
from bench.stolen import stolen
from bench.workplace import Workplace
from demo.load import Load

RUNS = int(os.environ.get("BENCH_ROLLBACKS", "50"))
RATE = 1000
"""Requests a second."""
MIX = ("--upload", "0.01", "--upload-bytes", "20000", "--keep-alive", "0.5")
"""No slow ones: a request that takes 3 s is answered 3 s later, by whomever it was given to."""
SECONDS = 1.5
WRITE_SECONDS = 0.2
_STARTS = 5
_LOOK = ("release", "status", "--stack", "dev")
_COMMAND = ("release", "rollback", "--stack", "dev", "--yes")
_WRITTEN = re.compile(r"weights written (\d+\.\d+) s after the command")
_LEFT = re.compile(r"rollback of \S+ from version \S+ \(([0-9a-f]{8})\)")


@dataclass(frozen=True)
class Rolled:
    """One rollback. `whole` is from the command's start to the last answer of the release that was left, `written` from
    when the command's own code ran to when the API had the weights, `stolen` what the machine's host took of all
    processors from the command's start to its end; s. `answered` is the 99th percentile of the load's requests; ms.
    `read` counts the pages that its processes had to wait for from disk.
    """

    whole: float
    written: float
    sent: int
    lost: int
    stolen: float
    answered: float
    read: int


def rollbacks(
    place: Workplace, environ: Mapping[str, str], url: str, say: Callable[[str], None]
) -> tuple[Figure, ...]:
    """`RUNS` rollbacks to and fro between two versions that run, each under a load of its own."""
    place.run(("release", "build", "examples/shop", "--version", "2"), environ)
    say("release deploy 2, so that there is a warm release to go back to")
    place.run(("release", "deploy", "2", "--stack", "dev", "--yes"), environ)
    start = statistics.median(_started(place, environ) for _ in range(_STARTS))
    say(f"{RUNS} rollbacks under {RATE} requests a second, load {os.getloadavg()[0]:.1f}")
    seen = []
    for number in range(1, RUNS + 1):
        one = _roll(place, environ, url)
        seen.append(one)
        say(
            f"  {number:>3}: {one.whole:.2f} s, weights written {one.written:.2f} s after its code began; "
            f"{one.sent} sent, {one.lost} lost, p99 {one.answered:.0f} ms; "
            f"the host took {one.stolen:.1f} s, {one.read} pages came from disk"
        )
    wholes = sorted(one.whole for one in seen)
    say(f"  {distribution(wholes)}")
    parts = [
        Share("Python and the command line", start, "of `release rollback --help`"),
        Share("until the weights are written", statistics.median(one.written for one in seen)),
        Share("until the last answer", statistics.median(_after(one, start) for one in seen)),
    ]
    say(f"  what the median went to:\n{shares(parts, statistics.median(wholes))}")
    how = (
        f"`release rollback` to a warm release under {RATE} requests a second, {len(seen)} runs, each after a "
        "`release status`: from the command's start to the last answer of the release that was left, as the load "
        "counted it; the 99th percentile"
    )
    after = (
        "the same, from when the API had the weights: the whole without Python's start (median of "
        f"{_STARTS}) and the command's own time; the median"
    )
    return (
        Figure("rollback", percentile(wholes, 0.99), SECONDS, "s", how),
        Figure(
            "rollback, after the write",
            statistics.median(_after(one, start) for one in seen),
            WRITE_SECONDS,
            "s",
            after,
        ),
        Figure("rollback, lost", sum(one.lost for one in seen), 0, "", "requests of all runs that failed"),
    )


def distribution(values: Sequence[float]) -> str:
    """The quantiles of what is sorted, in seconds."""
    told = (("least", 0.0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("most", 1.0))
    return ", ".join(f"{name} {percentile(values, share):.2f} s" for name, share in told)


def percentile(values: Sequence[float], share: float) -> float:
    """The least of the sorted values that `share` (0 to 1) of them are not above."""
    return values[max(0, -(-len(values) * int(share * 1000) // 1000) - 1)]


def written(place: Workplace, environ: Mapping[str, str]) -> float:
    """A rollback without load: how long (s) its code ran until the API had the weights."""
    found = _WRITTEN.search(_text(place.run(_COMMAND, environ)))
    assert found
    return float(found[1])


def _text(lines: Sequence[Line]) -> str:
    return "\n".join(line.text for line in lines)


def _after(one: Rolled, start: float) -> float:
    return max(0.0, one.whole - one.written - start)


def _started(place: Workplace, environ: Mapping[str, str]) -> float:
    began = time.monotonic()
    subprocess.run(
        ("release", "rollback", "--help"), env=dict(environ), cwd=place.root, check=True, capture_output=True
    )
    return time.monotonic() - began


def _faults() -> int:
    """Major page faults of all processes that were waited for."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_majflt


def _roll(place: Workplace, environ: Mapping[str, str], url: str) -> Rolled:
    with Load(url, RATE, environ, MIX) as load:
        # As whoever goes back would look first.
        place.run(_LOOK, environ)
        faults = _faults()
        began, taken = time.time(), stolen()
        text = _text(place.run(_COMMAND, environ))
        taken, faults = stolen() - taken, _faults() - faults
    left, done = _LEFT.search(text), _WRITTEN.search(text)
    assert left, text
    assert done, text
    assert load.counted
    last = load.counted.of(left[1])
    return Rolled(
        whole=max(0.0, last.last - began) if last else 0.0,
        written=float(done[1]),
        sent=load.counted.sent,
        lost=load.counted.failed,
        stolen=taken,
        answered=load.counted.p99,
        read=faults,
    )
