"""Which charts the evidence has, and what is in them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.evidence.chart import Group, Row, bars, dots
from bench.evidence.kept import Evidence, Run, Scene

OWN = "uneventful"
SCENES_TOLD: dict[Scene, str] = {"release": "release", "failed": "failed release", "rollback": "rollback"}


def pictures(evidence: Evidence) -> dict[str, str]:
    """SVG text by file name; only those for which something was measured."""
    found = {
        "lost.svg": bars(
            "Requests that failed (length: logarithm)", _groups(evidence, _lost), logarithmic=True
        ),
        "latency.svg": dots("Latency: p50, p99, p99.9, max", _groups(evidence, _latency), "ms"),
        "switched.svg": bars("From the command to the last answer of the version before", _times(evidence)),
    }
    if evidence.waited:
        found["waiting.svg"] = bars("Where the time of one release goes", _waiting(evidence))
    if evidence.calls:
        found["calls.svg"] = bars("Calls of AWS's API by gate and shift", _calls(evidence))
    if evidence.previews and evidence.previews.times:
        found["previews.svg"] = bars("Previews: each measurement", _previews(evidence))
    return {name: text for name, text in found.items() if '<rect class="o' in text or "<circle" in text}


def worst(runs: tuple[Run, ...]) -> Run | None:
    """Of repeated runs the one that lost most, or answered slowest; one that was not played where none was."""
    played = [run for run in runs if run.counts]
    if not played:
        return runs[0] if runs else None
    return max(played, key=lambda run: (run.counts.lost, run.counts.latency.max) if run.counts else (0, 0))


def scenes(evidence: Evidence) -> Iterator[tuple[float, Scene, str]]:
    for rate in evidence.rates():
        for scene, words in SCENES_TOLD.items():
            yield rate, scene, f"{words}, {rate:,.0f} requests a second"


def _groups(evidence: Evidence, row: Callable[[Run], Row]) -> list[Group]:
    found = []
    for rate, scene, heading in scenes(evidence):
        rows = []
        for name in evidence.contenders():
            one = worst(evidence.of(name, rate, scene))
            if one:
                rows.append(row(one) if one.counts else Row(name, (), "not sustained by this machine"))
        if rows:
            found.append(Group(heading, tuple(rows)))
    return found


def _lost(run: Run) -> Row:
    assert run.counts
    own = run.key.contender == OWN
    return Row(run.key.contender, (run.counts.lost,), f"{run.counts.lost:,} of {run.counts.sent:,}", own)


def _latency(run: Run) -> Row:
    assert run.counts
    it = run.counts.latency
    values = (it.p50, it.p99, it.p999, it.max)
    return Row(
        run.key.contender, values, " / ".join(f"{one:,.0f}" for one in values), run.key.contender == OWN
    )


def _times(evidence: Evidence) -> list[Group]:
    found = []
    for rate, scene, heading in scenes(evidence):
        rows = [
            Row(name, (max(times),), ", ".join(f"{one:.1f}" for one in times) + " s", name == OWN)
            for name in evidence.contenders()
            if (times := [run.switched for run in evidence.of(name, rate, scene) if run.switched is not None])
        ]
        if rows:
            found.append(Group(heading, tuple(rows)))
    return found


def _waiting(evidence: Evidence) -> list[Group]:
    assert evidence.waited
    it = evidence.waited
    return [
        Group(
            "prescribed waiting",
            tuple(
                Row(name.partition(":")[0], (value,), f"{value:.0f} s, {value / it.whole:.0%}", True)
                for name, value in it.parts.items()
            ),
        ),
        Group(
            "by phase, waiting included",
            tuple(Row(_short(name), (value,), f"{value:.1f} s") for name, value in it.phases.items()),
        ),
    ]


def _short(name: str) -> str:
    return name.partition(",")[0].partition(":")[0]


def _calls(evidence: Evidence) -> list[Group]:
    assert evidence.calls
    rows = tuple(
        Row(f"{size} instances", (sum(calls.values()),), f"{sum(calls.values())} calls", True)
        for size, calls in evidence.calls.provider.items()
    )
    return [Group("by the number of instances", rows)]


def _previews(evidence: Evidence) -> list[Group]:
    assert evidence.previews
    return [
        Group(name, tuple(Row(f"{n}", (one,), f"{one:.1f} s", True) for n, one in enumerate(times, 1)))
        for name, times in evidence.previews.times.items()
    ]
