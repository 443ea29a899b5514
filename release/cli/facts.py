"""What is true about a stack's traffic now: asked of AWS and of the public URL, not of the state."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from release.aws import Busy, Calls, Refused
from release.balancer import READ_PATIENCE, ElasticLoadBalancing, Health
from release.cli.state import Fleet, StackState
from release.errors import BalancerError, ScalingError
from release.priorities import MAIN
from release.probes import Answer, HttpProbes, kinds
from release.ramp import Weights

SAMPLE = 200
"""Fresh connections to the public URL: enough to see a share of 1 % in seven of eight samples."""

VOLLEY = 20
PAUSE = 0.1

Role = Literal["live", "warm", "candidate"]
_ORDER: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True)
class FleetFacts:
    """A fleet as AWS sees it. `weight` is None where the rule doesn't name it, `wanted` where no group
    keeps it up.
    """

    release: str
    version: str
    role: Role
    weight: int | None
    healthy: int
    targets: int
    wanted: int | None


@dataclass(frozen=True)
class Facts:
    """All fleets, the live one first, and how many of `sampled` answers each release gave. `failures` are
    told by kind, in words. `told` are all weights of the balancer's rule, by release, or by target group where the
    state knows of no release.
    """

    url: str
    fleets: tuple[FleetFacts, ...]
    served: Mapping[str, int]
    sampled: int
    failures: str
    told: Mapping[str, int] = field(default_factory=dict)

    def share(self, release: str) -> float | None:
        """The share of answers that this release gave, 0 to 1; None where none was asked for."""
        return self.served.get(release, 0) / self.sampled if self.sampled else None

    def serves_all(self, release: str) -> bool:
        """Whether every answer came from this release, and the balancer's rule wants nothing else."""
        weights = {fleet.release: fleet.weight for fleet in self.fleets if fleet.weight}
        return bool(self.sampled) and self.served.get(release) == self.sampled and list(weights) == [release]


async def gather(state: StackState, sample: int = SAMPLE) -> Facts:
    """Ask everything at once: about 2 s, half of it for the sample at 200 connections a second.

    Raises BalancerError when AWS refuses, or throttles for longer than 20 s.
    """
    live = state.ledger.live
    url = f"{state.url}{live.release.manifest.health_path}" if live and state.url else ""
    try:
        async with asyncio.TaskGroup() as group:
            sampling = group.create_task(_sample(url, sample))
            weighing = group.create_task(_weights(state.listener))
            counting = [group.create_task(_count(fleet)) for fleet in state.fleets]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    answers, weights = sampling.result(), weighing.result()
    roles: dict[str, Role] = {entry.release.id: "warm" for entry in state.ledger.warm}
    if live:
        roles[live.release.id] = "live"
    fleets = [
        FleetFacts(
            fleet.release,
            fleet.version,
            roles.get(fleet.release, "candidate"),
            weights.get(fleet.target_group),
            *count.result(),
        )
        for fleet, count in zip(state.fleets, counting, strict=True)
    ]
    names = {fleet.target_group: fleet.release for fleet in state.fleets}
    return Facts(
        url=state.url,
        fleets=tuple(sorted(fleets, key=lambda fleet: _ORDER.index(fleet.role))),
        served=Counter(answer.release for answer in answers if not answer.failure),
        sampled=len(answers),
        failures=kinds(answers),
        told={names.get(group, group): weight for group, weight in weights.items()},
    )


async def _sample(url: str, count: int) -> tuple[Answer, ...]:
    if not url:
        return ()
    probes, answers = HttpProbes(url), list[Answer]()
    while len(answers) < count:
        pause = asyncio.create_task(asyncio.sleep(PAUSE))
        answers += await probes.volley(min(VOLLEY, count - len(answers)))
        await pause
    return tuple(answers)


async def _weights(listener: str) -> Weights:
    rule = await ElasticLoadBalancing(Calls("elbv2")).rule(listener, MAIN) if listener else None
    return rule.weights if rule else {}


async def _count(fleet: Fleet) -> tuple[int, int, int | None]:
    """Targets that are healthy, all targets, and the instances that the group keeps up."""
    healths, wanted = await asyncio.gather(_healths(fleet.target_group), _wanted(fleet.group))
    return sum(health.state == "healthy" for health in healths), len(healths), wanted


async def _healths(target_group: str) -> tuple[Health, ...]:
    """None of them where the group is gone: an update that runs meanwhile may be removing the fleet."""
    if not target_group:
        return ()
    try:
        return await ElasticLoadBalancing(Calls("elbv2")).health(target_group)
    except BalancerError as error:
        if isinstance(error.__cause__, Refused) and error.__cause__.code == "TargetGroupNotFound":
            return ()
        raise


async def _wanted(group: str) -> int | None:
    if not group:
        return None
    try:
        answer = await Calls("autoscaling")(
            "describe_auto_scaling_groups", READ_PATIENCE, AutoScalingGroupNames=[group]
        )
    except (Busy, Refused) as error:
        raise ScalingError("the auto-scaling API did not answer as it should", seen=str(error)) from error
    return next((int(found["DesiredCapacity"]) for found in answer["AutoScalingGroups"]), None)
