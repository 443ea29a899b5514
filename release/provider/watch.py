"""Watching a release while it takes traffic: what probes and metrics say, and the end of it when they say bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import median
from typing import Any

from release.errors import AlarmRang, ProbesLost, ShiftRefused, WeightsTouched
from release.probes import Answer, kinds
from release.proof import Window
from release.provider.inputs import WatchedInputs
from release.provider.lease import Lease
from release.provider.ports import ShiftPorts
from release.provider.rule import MainRule
from release.provider.samples import Samples, counted, timed
from release.ramp import same_traffic
from release.verdict import (
    GOOD,
    Counts,
    Finding,
    Limits,
    Verdict,
    errors_verdict,
    probes_verdict,
    traffic_verdict,
)

_NO_ANSWER = ("refused", "unreachable", "no connection")


class Watch:
    """What was seen of the new release and of the former one (target group; none, or the same, when there is none).

    Each look raises ShiftRefused when it is bad, CannotMeasure when it cannot tell, LeaseError when this process
    may no longer trust that it alone writes.
    """

    def __init__(
        self, inputs: WatchedInputs, ports: ShiftPorts, rule: MainRule, lease: Lease, former: str | None
    ) -> None:
        self._inputs = inputs
        self._ports = ports
        self._rule = rule
        self._lease = lease
        others = () if not former or former == inputs.target_group_arn else (former,)
        self._groups = (inputs.target_group_arn, *others)
        self._limits = Limits(inputs.max_error_rate, inputs.max_latency_ratio)
        self._since = ports.time.now()
        self._at_start: Mapping[str, Counts] = {}
        self._at_step: Mapping[str, Counts] = {}
        self._latest: Mapping[str, Counts] = {}
        self._times: dict[bool, list[float]] = {True: [], False: []}
        self._answers: list[Answer] = []
        self._usual: Counts | None = None
        self._ringing: frozenset[str] = frozenset()
        self._former_did: Counts | None = None
        self._samples = Samples(ports.record)

    def known_to_ring(self, names: Sequence[str]) -> None:
        """These alarms rang before the first write: each is watched once it has been quiet."""
        self._ringing = frozenset(names)

    async def baseline(self, volleys: int, count: int) -> Sequence[Answer]:
        """Probes before the first write: what is usual. Also where the metrics stand."""
        answers: list[Answer] = []
        for _ in range(volleys):
            answers += await self._ports.probes.volley(count)
            await self._ports.time.sleep(0.1)
        self._usual = Counts(len(answers), sum(bool(answer.failure) for answer in answers))
        self._at_start = self._latest = await self._ports.metrics.counts(self._groups, self._since)
        return answers

    async def look_back(self, seconds: float) -> None:
        """The former release serves nothing any more: what it did in the last `seconds` is usual from now on."""
        if len(self._groups) > 1:
            former = self._groups[1]
            since = self._ports.time.now() - timedelta(seconds=seconds)
            self._former_did = (await self._ports.metrics.counts([former], since)).get(former, Counts())

    def next_step(self, *, alone: bool) -> None:
        """A step begins: its counts start here. `alone`: nothing good was served before, so nothing is usual."""
        self._at_step = self._latest
        self._answers = []
        self._times = {True: [], False: []}
        if alone:
            self._usual = None

    async def probe(self, count: int, window: Window | None = None) -> None:
        """Send a volley and, while a share is being proven, put its answers into the window."""
        answers = await self._ports.probes.volley(count)
        self._lease.check()
        for answer in answers:
            is_new = answer.release == self._inputs.release
            if window and (answer.release or self._usual is None):
                window.add(self._ports.time.clock(), is_new)
            if answer.release and not answer.failure:
                self._times[is_new].append(answer.seconds)
            self._samples.probed(is_new, answer)
        if window and self._usual is None:
            return
        self._answers += answers
        self._judge_probes()

    async def measure(self) -> Verdict:
        """Look at metrics, alarms and the API's weights. What is returned is good, or not measured yet."""
        self._latest = await self._ports.metrics.counts(self._groups, self._since)
        self._samples.take(*self._after(self._at_start))
        rings = await self._ports.metrics.ringing(self._inputs.alarms)
        self._ringing &= frozenset(rings)
        ringing = [name for name in rings if name not in self._ringing]
        weights = await self._rule.read()
        self._lease.check()
        if ringing:
            raise AlarmRang("an alarm rang", expected="quiet alarms", seen=f"in ALARM: {', '.join(ringing)}")
        written = self._rule.written
        if written is not None and not same_traffic(weights or {}, written):
            raise WeightsTouched(
                "somebody else changed the weights",
                expected=f"the weights of this shift: {sorted(written.values())}",
                seen=f"{dict(weights or {})}",
            )
        self._judge(probes_verdict(self._times[True], self._times[False], self._limits))
        self._judge(traffic_verdict(*self._counts(self._at_start), self._limits))
        return self._judge(traffic_verdict(*self._counts(self._at_step), self._limits))

    def __str__(self) -> str:
        new, old = self._counts(self._at_step)
        pace = [f"{median(times) * 1000:.0f} ms" for times in self._times.values() if times]
        seen = f"errors {new} (old {old})" if len(self._groups) > 1 else f"errors {new}"
        return f"{seen}, {' (old '.join(pace) or 'no answer'}{')' * (len(pace) == 2)}"

    def seen(self) -> Mapping[str, Any]:
        """What the step was judged by, as numbers."""
        new, old = self._counts(self._at_step)
        probes = {"new": timed(self._times[True]), "old": timed(self._times[False])}
        return {"new": counted(new), "old": counted(old), "times": probes}

    def _counts(self, start: Mapping[str, Counts]) -> tuple[Counts, Counts]:
        new, old = self._after(start)
        return new, self._former_did or old

    def _after(self, start: Mapping[str, Counts]) -> tuple[Counts, Counts]:
        since = [self._latest.get(g, Counts()).since(start.get(g, Counts())) for g in self._groups]
        return since[0], since[1] if len(since) > 1 else Counts()

    def _judge_probes(self) -> None:
        failed = [answer for answer in self._answers if answer.failure]
        seen = Counts(len(self._answers), len(failed))
        verdict = errors_verdict(seen, self._usual or Counts(), self._limits)
        if verdict is GOOD:
            return
        silent = sum(answer.failure.startswith(_NO_ANSWER) for answer in failed) * 2 > len(failed)
        kind = ProbesLost if silent else ShiftRefused
        raise kind(
            "probes of the data plane fail",
            expected=f"as few failures as before the shift ({self._usual or 'none'})",
            seen=f"{seen} probes failed: {kinds(self._answers)}",
        )

    def _judge(self, verdict: Verdict) -> Verdict:
        if verdict.finding is Finding.BAD:
            raise ShiftRefused(
                f"{self._inputs.label} is worse than the release before it",
                expected=verdict.expected,
                seen=verdict.seen,
            )
        return verdict
