"""Playing the scenes of one contender, rate after rate, the lowest first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.evidence.contender import Contender, Deed
from bench.evidence.counts import Counts
from bench.evidence.kept import SCENES, Key, Run, Scene
from bench.evidence.witnesses import Witnesses

LEAD_SECONDS = 3.0
"""Of load before the command, and after it."""
QUIET_SECONDS = 15.0
SETTLE_SECONDS = 3.0
"""Without load, between two runs."""
GOOD, FAILING = "2", "4"


@dataclass(frozen=True)
class Wanted:
    """What is to be measured. Pure."""

    rates: tuple[float, ...]
    scenes: tuple[Scene, ...]
    rollbacks: int
    notice: float
    insist: bool

    def keys(self, contender: str, rate: float) -> tuple[Key, ...]:
        """The runs at one rate, in their order."""
        return tuple(
            Key(contender=contender, rate=rate, scene=scene, number=number)
            for scene in SCENES
            if scene in self.scenes
            for number in range(1, 1 + (self.rollbacks if scene == "rollback" else 1))
        )


class Stage:
    """One contender that is up at `url`."""

    def __init__(
        self, contender: Contender, url: str, environ: Mapping[str, str], wrk: str | None, notice: float
    ) -> None:
        self._contender = contender
        self._url, self._environ, self._wrk, self._notice = url, environ, wrk, notice
        self._released = False

    def play(self, key: Key) -> Run:
        """Raises CannotMeasure or CommandFailed where the contender cannot go on."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        prepared = self._prepared(key.scene)
        former = self._contender.live()
        deed: Deed | None = None
        with Witnesses(self._url, key.rate, self._environ, self._wrk) as witnesses:
            time.sleep(LEAD_SECONDS)
            if key.scene == "quiet":
                time.sleep(QUIET_SECONDS)
            elif key.scene == "rollback":
                deed = self._contender.back()
            else:
                deed = self._contender.release(prepared)
                if key.scene == "failed" and not deed.status:
                    time.sleep(self._notice)
                    self._contender.back()
            time.sleep(LEAD_SECONDS)
        assert witnesses.counts is not None
        if key.scene == "failed":
            # What stands beside the live version now is the bad one: nobody goes back to that.
            self._released = False
        elif deed and key.scene == "release" and not deed.status:
            self._released = True
        run = Run(key=key, at=at, counts=witnesses.counts, wrk=witnesses.wrk)
        time.sleep(SETTLE_SECONDS)
        return run if deed is None else told(run, deed, former)

    def _prepared(self, scene: Scene) -> str:
        """The label of the version that the scene releases; a rollback gets something to go back to."""
        if scene == "rollback" and not self._released:
            self._contender.release(self._contender.prepare(GOOD))
            self._released = True
        return (
            self._contender.prepare({"release": GOOD, "failed": FAILING}[scene])
            if scene in ("release", "failed")
            else ""
        )


def told(run: Run, deed: Deed, former: str) -> Run:
    """The run with what its command did; `former` is what was live before it. Pure."""
    counts = run.counts
    assert counts is not None
    before = counts.served.get(former)
    moved = run.key.scene != "failed" and not deed.status and before and set(counts.served) - {former, ""}
    others = [one for name, one in counts.served.items() if name not in (former, "")]
    return run.model_copy(
        update={
            "status": deed.status,
            "seconds": deed.ended - deed.began,
            "switched": max(0.0, before.last - deed.began) if moved and before else None,
            "own": sum(one.errors for one in others) if run.key.scene == "failed" else 0,
            "words": deed.words,
        }
    )


def hopeless(key: Key, quiet: Counts | None, insist: bool) -> str:
    """Why a run is not played: the machine does not sustain the rate even while nothing is released; empty where it
    does. Pure."""
    if key.scene == "quiet" or insist or quiet is None or quiet.sustained:
        return ""
    return (
        f"this machine does not sustain it: {quiet.offered:g} a second offered, {quiet.achieved:.0f} sent, at worst "
        f"{quiet.lag / 1000:.1f} s late, {quiet.lost} of {quiet.sent} lost and p99 {quiet.latency.p99:.0f} ms while "
        "nothing was released"
    )


def missing(wanted: Wanted, contender: str, kept: Callable[[Key], Run | None]) -> tuple[Key, ...]:
    """The runs that are not kept yet. Pure."""
    return tuple(
        key for rate in sorted(wanted.rates) for key in wanted.keys(contender, rate) if kept(key) is None
    )


def played(
    stage: Stage, keys: Iterable[Key], kept: Callable[[Key], Run | None], insist: bool
) -> Iterator[Run]:
    """Each run as soon as it was played, or found hopeless."""
    quiets: dict[float, Counts | None] = {}
    for key in keys:
        before = kept(Key(contender=key.contender, rate=key.rate, scene="quiet"))
        quiet = quiets.get(key.rate) or (before.counts if before else None)
        why = hopeless(key, quiet, insist)
        if why:
            yield Run(key=key, at=datetime.now(UTC).isoformat(timespec="seconds"), played=False, why=why)
            continue
        run = stage.play(key)
        if key.scene == "quiet":
            quiets[key.rate] = run.counts
        yield run


def line(run: Run) -> str:
    """A run in a line, for who waits. Pure."""
    key, counts, wrk = run.key, run.counts, run.wrk
    name = f"{key.contender}, {key.rate:g}/s, {key.scene} {key.number}"
    if counts is None:
        return f"  {name}: not played; {run.why}"
    moved = f", switched after {run.switched:.2f} s" if run.switched is not None else ""
    second = f"; wrk: {wrk.requests} answered, {wrk.lost} lost" if wrk else ""
    return (
        f"  {name}: status {run.status} after {run.seconds:.1f} s{moved}; {counts.sent} sent "
        f"({counts.achieved:.0f}/s, at worst {counts.lag:.0f} ms late), {counts.lost} lost {dict(counts.kinds)}, "
        f"p50 {counts.latency.p50:.1f} p99 {counts.latency.p99:.1f} p99.9 {counts.latency.p999:.1f} "
        f"max {counts.latency.max:.1f} ms{second}"
    )


def rates_of(text: str) -> tuple[float, ...]:
    """ "200,1000" as numbers. Raises ValueError for anything else."""
    found: Sequence[float] = [float(word) for word in text.split(",") if word]
    if not found or min(found) <= 0:
        raise ValueError(f"expected rates such as 200,1000, seen {text!r}")
    return tuple(sorted(set(found)))
