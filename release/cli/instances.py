"""The instances of a stack's releases: as auto-scaling, EC2 and the balancer see them, and as they say themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from release.aws import Busy, Calls, Refused
from release.balancer import ElasticLoadBalancing, Health
from release.cli.state import Group, StackState
from release.errors import AwsUnanswered, BalancerError
from release.usage import UNKNOWN, Usage, read

PATIENCE = 20.0
"""Seconds that AWS may throttle or be silent."""

State = Literal[
    "booting",
    "healthy",
    "running",
    "working",
    "resting",
    "restarting",
    "failed",
    "unhealthy",
    "draining",
    "terminating",
]

_WORKERS: Mapping[str, State] = {
    "active": "working",
    "reloading": "working",
    "inactive": "resting",
    "deactivating": "resting",
    "activating": "restarting",
    "failed": "failed",
}
"""What a worker does, by systemd's word for its unit."""


@dataclass(frozen=True)
class Instance:
    """An instance that runs `process` of a release, since `since` (UTC, ISO 8601; since its launch, while it does not
    run). A worker answers nobody: it is never `healthy`, and `running` as long as it did not say itself what it does.

    What its process uses is as it said last, None where it did not: `cpu` in % of one processor, `memory` in bytes, and
    how often it was restarted by itself.
    """

    id: str
    release: str
    version: str
    process: str
    state: State
    reason: str
    since: str
    type: str
    zone: str
    restarts: int | None
    cpu: float | None
    memory: int | None


def state_of(
    machine: str, lifecycle: str, group_says: str, health: Health | None, web: bool, does: str = ""
) -> tuple[State, str]:
    """The state of an instance, and why where it is not well, in the words of who says it.

    `machine` is EC2's state, `lifecycle` and `group_says` (its health) the auto-scaling group's, both empty where the
    instance has left it; `health` is what the balancer says, None where it is no target; `does` is systemd's word for
    the process, empty where it is not known.
    """
    if health and health.state == "draining":
        return "draining", ""
    if machine in ("shutting-down", "stopping") or lifecycle.startswith("Terminating") or not lifecycle:
        return "terminating", ""
    if group_says == "Unhealthy":
        return "unhealthy", "its auto-scaling group replaces it"
    if machine == "pending" or lifecycle.startswith("Pending"):
        return "booting", ""
    if not web:
        return _WORKERS.get(does, "running"), ""
    if health is None or health.state == "initial":
        return "booting", ""
    if health.state == "healthy":
        return "healthy", ""
    return "unhealthy", f"{health.reason}: {health.description}".strip(": ")


async def look(state: StackState) -> tuple[Instance, ...]:
    """All that is there now, by release, process and age. Raises CommandError where AWS does not answer."""
    groups = {group.name: group for group in state.groups}
    targets = [fleet.target_group for fleet in state.fleets if fleet.target_group]
    try:
        members, machines, used, *healths = await asyncio.gather(
            _members(list(groups)),
            _machines(list(groups)),
            _used(state.log_groups.values()),
            *map(_healths, targets),
        )
    except (Busy, Refused, BalancerError) as error:
        raise AwsUnanswered(
            "the instances could not be asked for",
            expected="answers from AWS with the credentials in this environment",
            seen=str(error),
            state="nothing was changed",
            next="aws sts get-caller-identity",
        ) from error
    health = {each.target: each for some in healths for each in some}
    found = [
        _instance(machine, groups, members.get(name, {}), health.get(name), used.get(name, UNKNOWN))
        for name, machine in machines.items()
    ]
    order = {group.release: number for number, group in enumerate(state.groups)}
    return tuple(sorted(found, key=lambda each: (order[each.release], each.process, each.since, each.id)))


def _instance(
    machine: Mapping[str, Any],
    groups: Mapping[str, Group],
    member: Mapping[str, Any],
    health: Health | None,
    usage: Usage,
) -> Instance:
    group = groups[_group_of(machine)]
    state, reason = state_of(
        machine["State"]["Name"],
        member.get("LifecycleState", ""),
        member.get("HealthStatus", "").capitalize(),
        health,
        group.web,
        usage.state,
    )
    launched = machine["LaunchTime"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Instance(
        id=machine["InstanceId"],
        release=group.release,
        version=group.version,
        process=group.process,
        state=state,
        reason=reason,
        since=usage.since or launched,
        type=machine["InstanceType"],
        zone=machine["Placement"]["AvailabilityZone"],
        restarts=usage.restarts,
        cpu=usage.cpu,
        memory=usage.memory,
    )


async def _members(groups: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What the groups say of their instances, by instance."""
    if not groups:
        return {}
    pages = _pages("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=list(groups))
    return {
        each["InstanceId"]: each
        for page in await pages
        for group in page["AutoScalingGroups"]
        for each in group["Instances"]
    }


async def _machines(groups: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The machines of the groups, those too that have left theirs and are not gone yet."""
    if not groups:
        return {}
    running = ["pending", "running", "stopping", "shutting-down"]
    pages = await _pages(
        "ec2",
        "describe_instances",
        Filters=[
            {"Name": "tag:aws:autoscaling:groupName", "Values": list(groups)},
            {"Name": "instance-state-name", "Values": running},
        ],
    )
    machines = [each for page in pages for some in page["Reservations"] for each in some["Instances"]]
    return {each["InstanceId"]: each for each in machines}


async def _healths(target_group: str) -> tuple[Health, ...]:
    """None where the target group is gone: an update may be removing the fleet."""
    try:
        return await ElasticLoadBalancing(Calls("elbv2"), PATIENCE).health(target_group)
    except BalancerError as error:
        if isinstance(error.__cause__, Refused) and error.__cause__.code == "TargetGroupNotFound":
            return ()
        raise


async def _used(groups: Iterable[str]) -> Mapping[str, Usage]:
    """What instances say of their processes, by instance. A log group that is gone tells nothing."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    found = await asyncio.gather(*(_told(group, now) for group in groups))
    return {name: usage for some in found for name, usage in some.items()}


async def _told(group: str, now: int) -> Mapping[str, Usage]:
    try:
        return await read(Calls("logs"), group, now, PATIENCE)
    except Refused as refused:
        if refused.code != "ResourceNotFoundException":
            raise
        return {}


async def _pages(service: str, action: str, **arguments: Any) -> Sequence[Mapping[str, Any]]:
    ask, pages = Calls(service), list[Mapping[str, Any]]()
    while True:
        further = {"NextToken": pages[-1]["NextToken"]} if pages else {}
        pages.append(await ask(action, PATIENCE, **arguments, **further))
        if not pages[-1].get("NextToken"):
            return pages


def _group_of(machine: Mapping[str, Any]) -> str:
    return next(str(tag["Value"]) for tag in machine["Tags"] if tag["Key"] == "aws:autoscaling:groupName")
