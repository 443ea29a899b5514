"""`docs/evidence.md` and its charts, from what is kept. Pure, but for `written`."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path
from statistics import median

from bench.evidence import tables
from bench.evidence.counts import SUSTAINED_P99, SUSTAINED_SHARE
from bench.evidence.kept import Evidence
from bench.evidence.pictures import OWN, pictures

CHARTS = "evidence"


def written(evidence: Evidence, docs: Path) -> tuple[Path, ...]:
    """Writes the document and its charts below `docs`; the files."""
    charts = pictures(evidence)
    (docs / CHARTS).mkdir(parents=True, exist_ok=True)
    files = [docs / "evidence.md"]
    files[0].write_text(text(evidence, charts))
    for name, svg in charts.items():
        files.append(docs / CHARTS / name)
        files[-1].write_text(svg)
    for old in (docs / CHARTS).glob("*.svg"):
        if old.name not in charts:
            old.unlink()
    return tuple(files)


def text(evidence: Evidence, charts: Container[str]) -> str:
    """The document as Markdown."""
    sections = [
        *_head(evidence),
        *_chart(charts, "lost.svg", "Requests lost", _LOST),
        *tables.markdown(
            (
                "rate",
                "scene",
                "way",
                "exit",
                "sent",
                "lost",
                "by the bad version",
                "what failed",
                "wrk: answered, lost",
            ),
            tables.lost(evidence),
        ),
        *_chart(charts, "latency.svg", "Latency", _LATENCY),
        *tables.markdown(("rate", "scene", "way", "p50", "p99", "p99.9", "max"), tables.latency(evidence)),
        *_chart(charts, "switched.svg", "Time of a rollback, and from the command to 100 %", _SWITCHED),
        *tables.markdown(
            ("rate", "scene", "way", "to the last answer of the version before", "the whole command"),
            tables.switched(evidence),
        ),
        *_waiting(evidence, charts),
        *_calls(evidence, charts),
        *_previews(evidence, charts),
        *_quiet(evidence),
    ]
    return "\n".join(sections).rstrip() + "\n"


_LOST = """\
Counted by an open-loop generator (`localcloud load`): a request is sent when it is due, whatever became of those
before it, and never sent twice. Lost is whatever did not end in a whole answer with a status below 400 within 10 s.
1 % of the requests take 3 s, 1 % upload 20,000 bytes, half go over kept connections. Of repeated runs the chart has
the worst. Rates that are missing here were not sustained without any release either: see the end.

At the same time wrk counts, as a second witness, with about a tenth of the rate; it has coordinated omission (each
connection waits for its answer before it sends the next request), so only its counts are used here, not its latencies.
Answers pace it (four of five take 50 ms): where a proxy answers 502 at once it asks again at once, and counts many more
failures than its share of the rate. What is in flight when it is stopped is in none of its counts."""
_LATENCY = """\
In ms, from the moment when a request was due (not when it was sent) to the end of its answer; requests that were
answered well, the slow ones left out. p50, p99 and p99.9 are at most 2 % above the true value, max is exact. Of
repeated runs the chart has the one that lost most, or had the highest max."""
_SWITCHED = """\
From the start of the command to the last answer that the version before gave to a request that is not one of the
slow ones, as the generator saw it. Every repetition is given; the bar is the longest."""


def _head(evidence: Evidence) -> Iterator[str]:
    machine = evidence.machine
    yield "# Evidence"
    yield ""
    yield f"Measured by `make bench-evidence`, begun {evidence.started}, commit `{evidence.commit}`."
    yield "This page and its charts are written by that command; do not edit them."
    yield ""
    yield f"- Machine: {machine.cores} cores ({machine.processor}), {machine.memory} of memory,"
    yield f"  {machine.system}, Linux {machine.kernel}."
    yield f"  Load, proxy, application and, for {OWN}, all of the local cloud share it."
    yield f"- Versions: {'; '.join(f'{name}: {version}' for name, version in machine.versions.items())}."
    yield f"- The application is `examples/shop`, the same bundle for all, with {evidence.web} web processes each."
    yield "- Release: from version 1 to version 2. Rollback: back again. Failed release: to a version whose health is"
    yield "  good and that fails 5 % of its pages. Where nothing refuses it, somebody is assumed to see that and to go"
    yield f"  back {evidence.notice:g} s after the release."
    yield "- The ways are measured one after the other, each alone on the machine:"
    yield ""
    for name, how in evidence.hows.items():
        yield f"  - **{name}**: {how}."
    yield ""


def _chart(charts: Container[str], name: str, title: str, words: str) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if name in charts:
        yield f"![{title}]({CHARTS}/{name})"
        yield ""
    yield words
    yield ""


def _waiting(evidence: Evidence, charts: Container[str]) -> Iterator[str]:
    if not evidence.waited:
        return
    it = evidence.waited
    total = sum(it.parts.values())
    yield from _chart(
        charts,
        "waiting.svg",
        "Mandated waiting",
        f"One `release deploy` of {OWN} without load took {it.whole:.1f} s; {total:.0f} s of it,\n"
        f"{total / it.whole:.0%}, are waiting that the stack's settings prescribe (read from Pulumi.dev.yaml). Phases\n"
        "are from when their first resource was begun to when the last was done, as `pulumi up` printed it.",
    )
    yield from tables.markdown(
        ("what is prescribed", "s"), [[name, f"{value:.0f}"] for name, value in it.parts.items()]
    )
    yield from tables.markdown(("phase", "s"), [[name, f"{value:.1f}"] for name, value in it.phases.items()])


def _calls(evidence: Evidence, charts: Container[str]) -> Iterator[str]:
    if not evidence.calls:
        return
    it = evidence.calls
    yield from _chart(
        charts,
        "calls.svg",
        "Calls of AWS's API",
        "The numbers by size are those of `HealthGate` and `TrafficShift`: the real provider process, with the steps\n"
        "and times of the development stack, against AWS's control plane by moto with so many targets registered in\n"
        "each of two target groups; no instance was booted. Every HTTP request that arrived is one\n"
        "call, repeated ones too.",
    )
    names = sorted({name for calls in it.provider.values() for name in calls})
    yield from tables.markdown(
        ("gate and shift", *(f"{size} instances" for size in it.provider)),
        [[name, *(str(calls.get(name, 0)) for calls in it.provider.values())] for name in names]
        + [["**all**", *(f"**{sum(calls.values())}**" for calls in it.provider.values())]],
    )
    yield "A whole `release deploy` of two instances on the local cloud, by everybody (Pulumi's AWS provider, ours,"
    yield f"the command): {sum(it.whole.values())} calls."
    yield ""
    yield from tables.markdown(
        ("the whole release", "calls"), [[name, str(count)] for name, count in it.whole.items()]
    )


def _previews(evidence: Evidence, charts: Container[str]) -> Iterator[str]:
    if not evidence.previews:
        return
    yield from _chart(
        charts,
        "previews.svg",
        "Time of a preview",
        "Wall time of the command on the development stack, a release being live, without load.",
    )
    yield from tables.markdown(
        ("preview", "median", "all"),
        [
            [name, f"{median(times):.1f} s", ", ".join(f"{one:.1f}" for one in times)]
            for name, times in evidence.previews.times.items()
        ],
    )


def _quiet(evidence: Evidence) -> Iterator[str]:
    yield "## Without any release: what this machine sustains"
    yield ""
    yield (
        f"A rate counts as sustained where at least {SUSTAINED_SHARE:.0%} of it was sent, nothing was lost and p99\n"
        f"was at most {SUSTAINED_P99:,.0f} ms while nothing was released. At a rate that is not, what a release loses\n"
        "cannot be told from what the machine loses anyway, and it is not played. Late: sent more than 10 ms after it\n"
        "was due, the generator's own fault."
    )
    yield ""
    yield from tables.markdown(
        ("offered", "way", "sent", "late", "at worst", "lost", "p50", "p99", "max", "sustained"),
        tables.quiet(evidence),
    )
    yield from (f"- {line}" for line in tables.unplayed(evidence))
