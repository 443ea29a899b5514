"""The gate: a release gets no traffic before it was seen healthy, by the balancer and by probes of our own."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from release.balancer import Health
from release.errors import BalancerBusy, GateError, LeaseError, ShiftCancelled
from release.last_words import Words
from release.probes import Answer, kinds
from release.provider.inputs import GateInputs
from release.provider.ports import GatePorts

_LOOK_SECONDS = 1.0
_LISTEN_SECONDS = 1.0
_STREAK_SECONDS = 0.1

_TRIAL_SECONDS = 15.0
"""Between probes of a fleet that is not healthy yet. What it does not answer the load balancer does, with 502 or 503,
and counts among its own errors: four a minute tell the cause, and ring no alarm that then holds the release back."""


class Step(Enum):
    """What to do next."""

    PASS = "pass"
    WAIT = "wait"
    GIVE_UP = "give up"


@dataclass(frozen=True)
class Seen:
    """All that the gate has seen: the targets last, the answers in a row by this very release, the failed probes."""

    seconds: float = 0.0
    targets: tuple[Health, ...] = ()
    trouble: str = ""
    streak: int = 0
    failed: tuple[Answer, ...] = field(default=(), repr=False)

    @property
    def healthy(self) -> int:
        return sum(target.state == "healthy" for target in self.targets)

    def probed(self, answers: Sequence[Answer], release: str) -> Seen:
        """After these answers. One that failed, or that another release gave, starts the row anew."""
        seen = self
        for answer in answers:
            good = not answer.failure and answer.release == release
            if good:
                seen = replace(seen, streak=seen.streak + 1)
                continue
            failure = answer.failure or f"answered by {answer.release}"
            seen = replace(seen, streak=0, failed=(*seen.failed, replace(answer, failure=failure)))
        return seen


def decide(seen: Seen, inputs: GateInputs) -> Step:
    """Pass with enough healthy targets and enough answers in a row; give up after the deadline. Pure."""
    if seen.healthy >= inputs.healthy and seen.streak >= inputs.probes and not seen.trouble:
        return Step.PASS
    return Step.GIVE_UP if seen.seconds >= inputs.deadline else Step.WAIT


async def wait(inputs: GateInputs, ports: GatePorts) -> str:
    """Wait until the release is seen healthy; the evidence, in words.

    Raises:
        GateError: it was not, before the deadline. Traffic is where it was: a gate moves none.
        ShiftCancelled: somebody gave the traffic to another release, or stopped this one; heard within about a second.
        BalancerError: the load balancer's API refuses; waiting would not help.
    """
    clock = ports.time.clock
    started, looked, tried, listened = clock(), float("-inf"), float("-inf"), float("-inf")
    seen, told = Seen(), (-1, -1)
    ports.record("gate", healthy=inputs.healthy, probes=inputs.probes, deadline=inputs.deadline)
    while True:
        if clock() - listened >= _LISTEN_SECONDS:
            await _must_be_wanted(inputs, ports)
            listened = clock()
        if seen.streak < inputs.probes or clock() - looked >= _LOOK_SECONDS:
            seen = await _look(seen, inputs, ports)
            looked = clock()
        ready = seen.healthy >= inputs.healthy
        if ready or clock() - tried >= _TRIAL_SECONDS:
            tried = clock()
            seen = seen.probed(await ports.probes.volley(1), inputs.release)
        seen = replace(seen, seconds=clock() - started)
        match decide(seen, inputs):
            case Step.PASS:
                evidence = (
                    f"{seen.healthy} of {len(seen.targets)} healthy and {seen.streak} probes in a row "
                    f"answered by {inputs.release} after {seen.seconds:.1f} s"
                )
                ports.record("passed", evidence, seconds=round(seen.seconds, 3))
                return evidence
            case Step.GIVE_UP:
                raise _refusal(seen, inputs, ports.stack, await _words(seen, inputs, ports))
        if told != (seen.healthy, len(seen.targets)):
            told = (seen.healthy, len(seen.targets))
            ports.record("waiting", progress(seen, inputs), healthy=told[0], targets=told[1])
        await ports.voice.say(progress(seen, inputs))
        await ports.time.sleep(_STREAK_SECONDS if ready else _LOOK_SECONDS)


async def _must_be_wanted(inputs: GateInputs, ports: GatePorts) -> None:
    """No lease is held at a gate, so who wants it to end leaves word with a lease of their own: a pin.

    A store that does not answer stops nothing: the shift will not begin without having read it.
    """
    record: Mapping[str, Any] = {}
    if ports.leases is not None:
        with contextlib.suppress(LeaseError):
            top = await ports.leases.highest()
            record = await ports.leases.read(top.number) if top else {}
    pinned = record.get("pinned")
    if pinned in (None, "", inputs.release):
        return
    by = f"{record.get('holder', 'somebody')}: {record.get('outcome') or 'at work'}"
    raise ShiftCancelled(
        f"{inputs.label} was told to stop before it had any traffic",
        expected="nobody who wants the traffic elsewhere",
        seen=f"all traffic is meant for {pinned}, by {by}",
        state="traffic is where whoever stopped it has put it; this release got none",
        next=f"release status --stack {ports.stack}",
    )


async def _look(seen: Seen, inputs: GateInputs, ports: GatePorts) -> Seen:
    try:
        return replace(seen, targets=await ports.balancer.health(inputs.target_group_arn), trouble="")
    except BalancerBusy as busy:
        return replace(seen, trouble=busy.seen)


def progress(seen: Seen, inputs: GateInputs) -> str:
    """`2 of 4 healthy, 31 s of 300 s, last: i-0ab… 503 on /healthz`."""
    line = f"{seen.healthy} of {inputs.healthy} healthy, {seen.seconds:.0f} s of {inputs.deadline:g} s"
    if seen.healthy >= inputs.healthy:
        line += f", {seen.streak} of {inputs.probes} probes in a row"
    last = _last(seen, inputs)
    return f"{line}, last: {last}" if last else line


async def _words(seen: Seen, inputs: GateInputs, ports: GatePorts) -> Words | None:
    ill = [target.target for target in seen.targets if target.state != "healthy"]
    return await ports.words.of(inputs.release, ill) if ports.words else None


def _refusal(seen: Seen, inputs: GateInputs, stack: str, words: Words | None) -> GateError:
    probes = kinds(seen.failed) or f"{seen.streak} of {inputs.probes} in a row"
    targets = [_told(target, _path(inputs)) for target in seen.targets if target.state != "healthy"]
    return GateError(
        f"{inputs.label} was not seen healthy, so it gets no traffic",
        expected=f"{inputs.healthy} healthy targets and {inputs.probes} probes in a row that it answers, "
        f"within {inputs.deadline:g} s",
        seen=f"{seen.healthy} of {inputs.healthy} healthy after {seen.seconds:.0f} s "
        f"(deadline {inputs.deadline:g} s), last: {'; '.join(targets) or _last(seen, inputs) or 'no trouble'}; "
        f"probes: {probes}" + (f"\n{words}" if words else ""),
        state="traffic is where it was: nothing was moved",
        next=f"release logs web --release {inputs.release} --stack {stack} for the cause; "
        f"pulumi config rm uneventful:release --stack {stack} && pulumi up --stack {stack} removes its fleet",
    )


def _last(seen: Seen, inputs: GateInputs) -> str:
    """What stands in the way, in a few words: the API, a target, no target, or the probes."""
    if seen.trouble:
        return seen.trouble
    ill = [target for target in seen.targets if target.state != "healthy"]
    if not seen.targets:
        return "no target registered"
    if ill and seen.healthy < inputs.healthy:
        return _told(ill[-1], _path(inputs))
    if seen.failed and seen.streak < inputs.probes:
        return f"{seen.failed[-1].failure} on {_path(inputs)}"
    return ""


def _told(target: Health, path: str) -> str:
    """`i-0ab… Target.ResponseCodeMismatch [500] on /healthz`: AWS's reason, and the codes of its description."""
    codes = re.search(r"\[[^\]]*\]", target.description)
    detail = f"{codes.group()} on {path}" if codes else target.description
    return " ".join(part for part in (target.target, target.reason or target.state, detail) if part)


def _path(inputs: GateInputs) -> str:
    return urlsplit(inputs.url).path or "/"
