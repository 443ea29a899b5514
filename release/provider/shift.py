"""The story of a release's traffic, from the first probe to the last answer of the former release."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from release.balancer import group_of, load_balancer_of
from release.errors import AlarmRinging, LeaseLost, NoneHealthy, ProbesLost, Shrunk
from release.proof import Window, served, window_for
from release.provider.early import Early, early
from release.provider.holding import holding, must_be_free, named
from release.provider.inputs import ShiftInputs
from release.provider.lease import Lease
from release.provider.observation import Stretch, observe
from release.provider.operations import unstoppable
from release.provider.ports import ShiftPorts
from release.provider.restore import Restoration
from release.provider.rule import MainRule
from release.provider.watch import Watch
from release.ramp import Start, Weights, remaining, start_of, weights_at

_PAUSE = 0.1
_VOLLEY = 10
_BASELINE = 5


@dataclass(frozen=True)
class Recorded:
    """What the stack's state says of the last finished shift; empty before the first."""

    target_group: str | None = None
    label: str = ""
    live_at: str = ""
    observed: str = ""


@dataclass(frozen=True)
class Shifted:
    """The end of a shift: the wanted release serves everything, proven on the data plane.

    `moved`: another release served before, or none did.
    """

    rule: str
    weights: Weights
    live_at: str
    observed: str
    moved: bool = False


class Shift:
    """Moves all traffic to `inputs.target_group_arn`, or puts it back where it was and says why.

    After `run`, whether it returned, raised or was cancelled at any point, all traffic is on one release: on the new
    one after a return, on the former one after an error, unless the error is WeightsNotRestored or LeaseLost (another
    writer is then at work). A cancel while the weights are being put back does not stop that.
    """

    def __init__(self, inputs: ShiftInputs, recorded: Recorded, ports: ShiftPorts) -> None:
        self._inputs = inputs
        self._recorded = recorded
        self._ports = ports
        self._time = ports.time
        self._table: list[str] = []

    async def run(self) -> Shifted:
        return await holding(self._ports, self._under, f"100 % on {self._inputs.label}")

    async def _under(self, lease: Lease) -> Shifted:
        inputs, ports = self._inputs, self._ports
        rule = MainRule(ports.balancer, lease, self._time, inputs.listener_arn, inputs.priority)
        if lease.former:
            await ports.voice.say(f"the last writer of the weights, {lease.former}")
        must_be_free(inputs, lease, ports.stack)
        await self._keep_size()
        found = await rule.read()
        start = start_of(found or {}, inputs.target_group_arn, self._recorded.target_group)
        beside = early(inputs, ports, lease)
        ports.record("shift", **self._terms())
        restoration = Restoration(inputs, ports, rule, found, start.former, self._recorded.label, beside)
        try:
            shifted = await self._move(rule, lease, found, start, restoration, beside)
        except LeaseLost as lost:
            raise restoration.fenced(lost) from lost
        except (Exception, asyncio.CancelledError) as reason:
            raise await unstoppable(restoration.after(named(reason))) from reason
        if not inputs.back:
            # A way back is recorded when the workers and the schedules have followed.
            lease.pinned = ""
        return shifted

    async def _move(
        self,
        rule: MainRule,
        lease: Lease,
        found: Weights | None,
        start: Start,
        restoration: Restoration,
        beside: Early | None,
    ) -> Shifted:
        inputs = self._inputs
        if start.share == 100 and self._recorded.target_group == inputs.target_group_arn:
            return self._done(rule)
        await self._targets_are_healthy()
        watch = Watch(inputs, self._ports, rule, lease, start.former)
        if start.share == 100 and lease.pinned == inputs.release:
            return await self._recorded_only(watch, rule)
        steps, alone = await self._look_first(watch, start, restoration)
        if beside:
            begun = await beside.begin()
            self._ports.record("early", begun)
            await self._ports.voice.note(begun)
        if not start.settled and start.former:
            await self._write(rule, weights_at(0, start.former, inputs.target_group_arn), 0)
            restoration.unproven(start.share)
            await self._prove(watch, 0, start.share)
            start = Start(start.former, 0)
            steps = remaining(inputs.steps, 0)
        before = start.share
        for share in steps:
            weights = weights_at(share, start.former, inputs.target_group_arn)
            watch.next_step(alone=alone)
            if rule.written is not None or dict(found or {}) != dict(weights):
                restoration.unproven(share)
                await self._write(rule, weights, share)
            proven = await self._prove(watch, share, before)
            restoration.proven(proven.seconds)
            await self._observe(watch, share, proven)
            before = share
        self._ports.record("shifted", f"100 % on {inputs.label}")
        return replace(self._done(rule), moved=start.former != inputs.target_group_arn)

    async def _write(self, rule: MainRule, weights: Weights, share: int) -> None:
        started = self._time.clock()
        await rule.write(weights)
        seconds = round(self._time.clock() - started, 3)
        self._ports.record("written", f"{share} % on {self._inputs.label}", share=share, seconds=seconds)

    def _terms(self) -> Mapping[str, Any]:
        inputs, former = self._inputs, self._recorded.target_group
        return {
            "formerGroup": group_of(former) if former else "",
            "group": group_of(inputs.target_group_arn),
            "balancer": load_balancer_of(inputs.listener_arn),
            "steps": list(inputs.steps),
            "observe": inputs.observe,
            "limits": {"errors": inputs.max_error_rate, "latency": inputs.max_latency_ratio},
            "alarms": list(inputs.alarms),
            "back": inputs.back,
        }

    async def _keep_size(self) -> None:
        """A warm release shrinks when its time is over: not under its traffic."""
        inputs, ports = self._inputs, self._ports
        try:
            if inputs.groups:
                await ports.sizes.keep(inputs.groups)
        except Shrunk as error:
            raise error.now(
                "nothing was moved by this update",
                f"release rollback --to {inputs.release} --stack {ports.stack}, which boots it again",
            ) from error

    async def _recorded_only(self, watch: Watch, rule: MainRule) -> Shifted:
        """A rollback gave it everything, and this update is to record that: there is nothing to move or compare."""
        watch.next_step(alone=True)
        proven = await self._prove(watch, 100, 100)
        self._table.append(
            f"100 % on {self._inputs.label} by rollback; proven by {proven.answers} probes in {proven.seconds:.1f} s"
        )
        self._ports.record("recorded", self._table[-1])
        await self._ports.voice.note(self._table[-1])
        return self._done(rule)

    async def _targets_are_healthy(self) -> None:
        """A release whose targets are all unhealthy would still be sent requests: the balancer fails open."""
        health = await self._ports.balancer.health(self._inputs.target_group_arn)
        if not any(target.state == "healthy" for target in health):
            seen = ", ".join(f"{t.target} {t.state} {t.description}".strip() for t in health)
            raise NoneHealthy(
                f"{self._inputs.label} is not ready for traffic",
                expected="at least 1 healthy target, as when its gate passed",
                seen=f"0 of {len(health)} healthy{f': {seen}' if seen else ''}",
            )

    async def _look_first(
        self, watch: Watch, start: Start, restoration: Restoration
    ) -> tuple[tuple[int, ...], bool]:
        """The steps to do, and whether the new release will be alone with nothing good served before."""
        await self._ports.voice.say("looking at what is served now")
        answers = await watch.baseline(_BASELINE, _VOLLEY)
        broken = all(answer.failure.isdigit() for answer in answers)
        mending = start.former == self._inputs.target_group_arn
        await self._look_at_alarms(watch, broken or mending)
        served_now = {answer.release for answer in answers if answer.release and not answer.failure}
        restoration.saw(served_now - {self._inputs.release})
        if mending or start.former is None:
            return (100,), True
        if served_now:
            return remaining(self._inputs.steps, start.share), False
        if broken:
            await self._ports.voice.note(
                "what is live answers every probe with an error: no steps, straight to 100 %"
            )
            self._ports.record("note", "what is live answers every probe with an error: straight to 100 %")
            return (100,), True
        raise ProbesLost(
            "the data plane does not answer probes",
            expected=f"answers that name a release at {self._inputs.url}",
            seen=f"none of {len(answers)}: {', '.join(sorted({answer.failure for answer in answers}))}",
        )

    async def _look_at_alarms(self, watch: Watch, needed: bool) -> None:
        """An alarm that rings already tells nothing about the new release. It may be why traffic must leave the former
        one, so it stops neither the way back nor what is `needed`: in place of a release that only fails, or as before.
        """
        ringing = await self._ports.metrics.ringing(self._inputs.alarms)
        if not ringing:
            return
        if not (self._inputs.back or needed):
            raise AlarmRinging(
                "an alarm is ringing already, so it cannot tell a bad release",
                expected="quiet alarms before a shift",
                seen=f"in ALARM: {', '.join(ringing)}",
            )
        watch.known_to_ring(ringing)
        told = f"rings already, not watched until it is quiet: {', '.join(ringing)}"
        self._ports.record("note", told)
        await self._ports.voice.note(told)

    async def _prove(self, watch: Watch, share: int, before: int) -> _Proof:
        """Wait until the data plane serves the share. No step counts before that."""
        window = Window(window_for(share, before))
        started = self._time.clock()
        answers = 0
        while True:
            await watch.probe(_VOLLEY, window)
            answers += _VOLLEY
            tally = window.tally()
            took = self._time.clock() - started
            if served(tally, share, before):
                told = f"the data plane serves {share} %: {answers} probes in {took:.1f} s"
                self._ports.record("proven", told, share=share, seconds=round(took, 3), probes=answers)
                return _Proof(took, answers)
            if took > self._inputs.proof:
                raise ProbesLost(
                    f"the data plane does not serve {share} % of {self._inputs.label}",
                    expected=f"what the API says, within {self._inputs.proof:g} s (before: {before} %)",
                    seen=f"{tally.new} of the last {tally.total} probes were answered by it, after {took:.1f} s",
                )
            await self._ports.voice.say(
                f"{share} % on {self._inputs.label}: waiting for the data plane, {took:.1f} s of "
                f"{self._inputs.proof:g} s, {tally.new} of the last {tally.total} probes"
            )
            await self._time.sleep(_PAUSE)

    async def _observe(self, watch: Watch, share: int, proof: _Proof) -> None:
        """Watch the step for its time, and on until the metrics have shown the new release's answers."""
        inputs = self._inputs
        length = max(inputs.observe, inputs.drain) if share == 100 else inputs.observe

        def told(took: float) -> str:
            seen = f"proven after {proof.seconds:.1f} s, observing {took:.0f} s of {length:g} s"
            return f"{share} % on {inputs.label}: {seen}"

        what = f"{inputs.label} at {share} %"
        await observe(watch, self._ports, Stretch(length, inputs.metrics_deadline, what, told))
        line = (
            f"{share} % on {inputs.label}: {watch}; proven by {proof.answers} probes in {proof.seconds:.1f} s"
        )
        self._table.append(line)
        self._ports.record("step", line, share=share, probes=proof.answers, **watch.seen())
        await self._ports.voice.note(line)

    def _done(self, rule: MainRule) -> Shifted:
        """A shift to what is live already, to mend its weights or nothing, keeps what the former one recorded."""
        weights = weights_at(100, None, self._inputs.target_group_arn)
        if self._recorded.target_group == self._inputs.target_group_arn and self._recorded.live_at:
            return Shifted(rule.arn, weights, self._recorded.live_at, self._recorded.observed)
        return Shifted(rule.arn, weights, self._time.stamp(), "\n".join(self._table))


@dataclass(frozen=True)
class _Proof:
    seconds: float
    answers: int
