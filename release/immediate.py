"""All traffic to a release that runs, at once: the lease, one write, and the proof on the data plane."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from release.balancer import Balancer
from release.errors import NoneHealthy, UneventfulError, WeightsNotRestored
from release.priorities import MAIN
from release.probes import Answer, Probes, kinds
from release.proof import QUIET_PROBES, Window, served
from release.provider.lease import NOBODY, Lease, LeaseStore
from release.provider.ports import Time
from release.provider.rule import MainRule
from release.provider.taking import Claim, end, take
from release.ramp import same_traffic, weights_at

PROOF_SECONDS = 20.0
"""How long to wait for the data plane to follow the API."""
_VOLLEY = 10
_PAUSE = 0.1


@dataclass(frozen=True)
class Target:
    """The release (id), what people call it, and its target group and listener (ARN)."""

    release: str
    label: str
    target_group: str
    listener: str


@dataclass(frozen=True)
class Ports:
    """The world outside; `holder` is who takes the lease, in words, and `say` is told whom one waits for."""

    balancer: Balancer
    probes: Probes
    leases: LeaseStore
    holder: str
    time: Time
    say: Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Moved:
    """The target serves everything. Times in s of the ports' clock.

    `written` is when the API had taken the weights, `last_other` when the last answer by anybody else was seen (None if
    there was none), `proven` when `probes` answers had shown it. `wrote`: it was not so before. `former` is how the
    lease's last holder ended.
    """

    written: float
    last_other: float | None
    proven: float
    probes: int
    wrote: bool
    former: str


async def move(
    target: Target, reason: str, ports: Ports, allowed: Callable[[], Awaitable[object]] | None = None
) -> Moved:
    """Give the target all traffic, and prove it. Whoever else moves traffic is told to give way, and fenced off.

    Until an update has recorded it, no other release is given traffic by an update. Before `allowed` has returned
    nobody is asked for anything; what it raises is raised.

    Raises:
        CannotMeasure: the target has no healthy instance, or, after the write, the data plane does not follow.
        LeaseError, BalancerError: not written; or, where the state says so, perhaps written.
    """
    time = ports.time
    claim = Claim(reason, target.release)
    asked = asyncio.ensure_future(_may_have_it(target, ports, allowed))
    # Where the lease cannot be had, nobody asks for the answer any more.
    asked.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        lease = await take(ports.leases, ports.holder, time.clock, time.sleep, ports.say, claim, asked)
    finally:
        asked.cancel()
    beating = asyncio.create_task(lease.keep())
    rule = MainRule(ports.balancer, lease, time, target.listener, MAIN)
    outcome = "ended unseen"
    try:
        moved = await _moved(target, lease, rule, ports)
        outcome = f"100 % on {target.label}, by rollback: {reason}"
        return moved
    except WeightsNotRestored as error:
        outcome = error.what
        raise
    except (UneventfulError, asyncio.CancelledError) as error:
        outcome = error.what if isinstance(error, UneventfulError) else "interrupted"
        if rule.written is None:
            lease.pinned = lease.former_pin
        raise
    finally:
        await end(lease, beating, outcome)


async def give_way(reason: str, ports: Ports) -> None:
    """Let whoever moves traffic put it back and stop; until `unpin` no release is given any.

    Raises LeaseError where that is not known.
    """
    time = ports.time
    claim = Claim(reason, pinned=NOBODY)
    lease = await take(ports.leases, ports.holder, time.clock, time.sleep, ports.say, claim)
    await lease.give_back(reason)


async def unpin(ports: Ports) -> None:
    """Let updates give traffic to any release again: what a rollback did is recorded, or was not needed."""
    time = ports.time
    top = await ports.leases.highest()
    if top is None or not (await ports.leases.read(top.number)).get("pinned"):
        return
    lease = await take(ports.leases, ports.holder, time.clock, time.sleep, ports.say)
    lease.pinned = ""
    await lease.give_back("the rollback is recorded")


async def _moved(target: Target, lease: Lease, rule: MainRule, ports: Ports) -> Moved:
    clock = ports.time.clock
    wanted = weights_at(100, None, target.target_group)
    found = await rule.read()
    wrote = not same_traffic(found or {}, wanted)
    if wrote:
        await rule.write(wanted)
    written = clock()
    window, last_other, probes = Window(QUIET_PROBES), None, 0
    answers: list[Answer] = []
    while True:
        volley = await ports.probes.volley(_VOLLEY)
        now = clock()
        answers = [*answers, *volley][-QUIET_PROBES:]
        probes += len(volley)
        for answer in volley:
            window.add(now, answer.release == target.release)
            if answer.release not in ("", target.release):
                last_other = now
        if served(window.tally(), 100, 0):
            return Moved(written, last_other, now, probes, wrote, lease.former)
        if now - written > PROOF_SECONDS:
            raise _unproven(target, window, answers)
        await ports.say(f"100 % on {target.label}: proving it, {probes} probes")
        await ports.time.sleep(_PAUSE)


async def _may_have_it(target: Target, ports: Ports, allowed: Callable[[], Awaitable[object]] | None) -> None:
    if allowed is None:
        await _must_be_healthy(target, ports)
    else:
        await asyncio.gather(_must_be_healthy(target, ports), allowed())


async def _must_be_healthy(target: Target, ports: Ports) -> None:
    """The balancer would send requests to unhealthy instances as well, rather than to none."""
    health = await ports.balancer.health(target.target_group)
    if any(each.state == "healthy" for each in health):
        return
    seen = ", ".join(f"{each.target} {each.state} {each.description}".strip() for each in health)
    raise NoneHealthy(
        f"{target.label} cannot take the traffic",
        expected="at least 1 healthy instance",
        seen=f"0 of {len(health)} healthy{f': {seen}' if seen else ''}",
        state="nothing was moved",
        next="release rollback --to ANOTHER --stack STACK",
    )


def _unproven(target: Target, window: Window, answers: list[Answer]) -> WeightsNotRestored:
    tally = window.tally()
    return WeightsNotRestored(
        f"the API took 100 % for {target.label}, and the data plane does not show it",
        expected=f"{QUIET_PROBES} answers in a row by {target.release}, within {PROOF_SECONDS:g} s",
        seen=f"{tally.new} of the last {tally.total}" + (f"; {kinds(answers)}" if kinds(answers) else ""),
        state=f"the weights are 100 % on {target.label} and stay there",
    )
