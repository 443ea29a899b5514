"""The instances of a stack's releases as AWS sees them: auto-scaling, EC2, the balancer and CloudWatch are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from release.aws import Busy, Calls, Refused
from release.balancer import ElasticLoadBalancing, Health
from release.cli.state import Group, StackState
from release.errors import BalancerError, CommandError

PATIENCE = 20.0
"""Seconds that AWS may throttle or be silent."""

_QUERIES = 500
"""Metrics that one GetMetricData takes (Amazon CloudWatch API Reference)."""

_LATE = timedelta(minutes=15)
"""EC2 tells its processor's use every 5 minutes, or every minute where that is paid for."""

State = Literal["booting", "healthy", "running", "unhealthy", "draining", "terminating"]


@dataclass(frozen=True)
class Instance:
    """An instance that runs `process` of a release, since `since` (UTC, ISO 8601). `cpu` is the last known use of all
    its processors in %, None where none was told yet. A worker answers nobody: it is `running`, never `healthy`.
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
    cpu: float | None


def state_of(
    machine: str, lifecycle: str, group_says: str, health: Health | None, web: bool
) -> tuple[State, str]:
    """The state of an instance, and why where it is not well, in the words of who says it.

    `machine` is EC2's state, `lifecycle` and `group_says` (its health) the auto-scaling group's, both empty where the
    instance has left it; `health` is what the balancer says, None where it is no target.
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
        return "running", ""
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
        members, machines, *healths = await asyncio.gather(
            _members(list(groups)), _machines(list(groups)), *map(_healths, targets)
        )
        use = await _use(machines)
    except (Busy, Refused, BalancerError) as error:
        raise CommandError(
            "the instances could not be asked for",
            expected="answers from AWS with the credentials in this environment",
            seen=str(error),
            state="nothing was changed",
            next="aws sts get-caller-identity",
        ) from error
    health = {each.target: each for some in healths for each in some}
    found = [
        _instance(machine, groups, members.get(name, {}), health.get(name), use.get(name))
        for name, machine in machines.items()
    ]
    order = {group.release: number for number, group in enumerate(state.groups)}
    return tuple(sorted(found, key=lambda each: (order[each.release], each.process, each.since, each.id)))


def _instance(
    machine: Mapping[str, Any],
    groups: Mapping[str, Group],
    member: Mapping[str, Any],
    health: Health | None,
    cpu: float | None,
) -> Instance:
    group = groups[_group_of(machine)]
    state, reason = state_of(
        machine["State"]["Name"],
        member.get("LifecycleState", ""),
        member.get("HealthStatus", "").capitalize(),
        health,
        group.web,
    )
    return Instance(
        id=machine["InstanceId"],
        release=group.release,
        version=group.version,
        process=group.process,
        state=state,
        reason=reason,
        since=machine["LaunchTime"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        type=machine["InstanceType"],
        zone=machine["Placement"]["AvailabilityZone"],
        cpu=cpu,
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


async def _use(instances: Iterable[str]) -> Mapping[str, float]:
    """The last known use of each one's processors, in %."""
    known, now, names = {}, datetime.now(UTC), list(instances)
    for begin in range(0, len(names), _QUERIES):
        some = names[begin : begin + _QUERIES]
        answer = await Calls("cloudwatch")(
            "get_metric_data",
            PATIENCE,
            MetricDataQueries=[_query(number, instance) for number, instance in enumerate(some)],
            StartTime=now - _LATE,
            EndTime=now,
            ScanBy="TimestampDescending",
        )
        for result in answer["MetricDataResults"]:
            if result["Values"]:
                known[some[int(result["Id"][1:])]] = float(result["Values"][0])
    return known


def _query(number: int, instance: str) -> Mapping[str, Any]:
    metric = {
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "InstanceId", "Value": instance}],
    }
    return {"Id": f"i{number}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}


async def _pages(service: str, action: str, **arguments: Any) -> Sequence[Mapping[str, Any]]:
    ask, pages = Calls(service), list[Mapping[str, Any]]()
    while True:
        further = {"NextToken": pages[-1]["NextToken"]} if pages else {}
        pages.append(await ask(action, PATIENCE, **arguments, **further))
        if not pages[-1].get("NextToken"):
            return pages


def _group_of(machine: Mapping[str, Any]) -> str:
    return next(str(tag["Value"]) for tag in machine["Tags"] if tag["Key"] == "aws:autoscaling:groupName")
