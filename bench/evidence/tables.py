"""The tables of the evidence, a row a run. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.evidence.counts import Counts
from bench.evidence.kept import Evidence, Run
from bench.evidence.pictures import scenes


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        yield "Not measured."
        yield ""
        return
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""


def lost(evidence: Evidence) -> list[list[str]]:
    return [[*_named(run), *_lost(run, run.counts)] for run in _runs(evidence) if run.counts]


def latency(evidence: Evidence) -> list[list[str]]:
    return [[*_named(run), *_latency(run.counts)] for run in _runs(evidence) if run.counts]


def switched(evidence: Evidence) -> list[list[str]]:
    return [
        [*_named(run), f"{run.switched:.2f} s", f"{run.seconds:.1f} s"]
        for run in _runs(evidence)
        if run.switched is not None
    ]


def quiet(evidence: Evidence) -> list[list[str]]:
    return [
        [f"{rate:,.0f}/s", name, *_sustained(run.counts)]
        for rate in evidence.rates()
        for name in evidence.contenders()
        for run in evidence.of(name, rate, "quiet")
        if run.counts
    ]


def unplayed(evidence: Evidence) -> list[str]:
    """What was not played, and why: once for each way and rate."""
    told: dict[tuple[str, float], Run] = {}
    for run in evidence.runs:
        if run.why:
            told.setdefault((run.key.contender, run.key.rate), run)
    return [f"{name}, {rate:,.0f}/s: not played; {run.why}." for (name, rate), run in told.items()]


def _runs(evidence: Evidence) -> Iterator[Run]:
    for rate, scene, _ in scenes(evidence):
        for name in evidence.contenders():
            yield from evidence.of(name, rate, scene)


def _named(run: Run) -> tuple[str, str, str]:
    return f"{run.key.rate:,.0f}/s", run.key.scene, run.key.contender


def _lost(run: Run, it: Counts) -> list[str]:
    return [
        str(run.status),
        f"{it.sent:,}",
        f"**{it.lost:,}**",
        f"{run.own:,}" if run.key.scene == "failed" else "–",
        ", ".join(f"{kind} ×{count:,}" for kind, count in it.kinds.items()) or "–",
        f"{run.wrk.requests:,}, {run.wrk.lost:,}" if run.wrk else "–",
    ]


def _latency(it: Counts) -> list[str]:
    return [f"{one:,.1f}" for one in (it.latency.p50, it.latency.p99, it.latency.p999, it.latency.max)]


def _sustained(it: Counts) -> list[str]:
    return [
        *(f"{it.achieved:,.0f}/s", f"{it.late:,} of {it.sent:,}", f"{it.lag:,.0f} ms", f"{it.lost:,}"),
        *(f"{one:,.1f} ms" for one in (it.latency.p50, it.latency.p99, it.latency.max)),
        "yes" if it.sustained else "**no**",
    ]
