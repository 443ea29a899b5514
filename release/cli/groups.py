"""The auto-scaling groups of a stack's releases as AWS has them: sizes, and whose workers take jobs."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.tags import TURN
from release.aws import Calls
from release.cli.state import Group

PATIENCE = 20.0
"""Seconds that AWS may throttle or be silent."""

_NAMES = 100
"""Groups that are asked for at once; more would be answered in pages (Amazon EC2 Auto Scaling API Reference)."""


@dataclass(frozen=True)
class GroupFacts:
    """A group as AWS has it: instances that are in service and healthy, how many it keeps up, and its limits.

    `turn` is what its instances are told about taking jobs, `working` or `resting`; both where they differ, empty where
    nobody told them, as web instances. `there` is False for a group that the state holds and AWS does not.
    """

    group: Group
    healthy: int = 0
    wanted: int = 0
    least: int = 0
    most: int = 0
    turn: str = ""
    there: bool = True


async def look(groups: Sequence[Group]) -> tuple[GroupFacts, ...]:
    """All of them, in the same order. Raises Busy and Refused."""
    if not groups:
        return ()
    found, turns = await asyncio.gather(
        _groups([group.name for group in groups]), _turns([group.name for group in groups if not group.web])
    )
    return tuple(_facts(group, found.get(group.name), turns.get(group.name, ())) for group in groups)


def _facts(group: Group, found: Mapping[str, Any] | None, turns: Iterable[str]) -> GroupFacts:
    if found is None:
        return GroupFacts(group, there=False)
    healthy = [
        each
        for each in found["Instances"]
        if each["LifecycleState"] == "InService" and each["HealthStatus"].capitalize() == "Healthy"
    ]
    return GroupFacts(
        group,
        len(healthy),
        int(found["DesiredCapacity"]),
        int(found["MinSize"]),
        int(found["MaxSize"]),
        " and ".join(sorted(set(turns))),
    )


async def _groups(names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    ask, found = Calls("autoscaling"), dict[str, Mapping[str, Any]]()
    for begin in range(0, len(names), _NAMES):
        some = list(names[begin : begin + _NAMES])
        answer = await ask(
            "describe_auto_scaling_groups", PATIENCE, AutoScalingGroupNames=some, MaxRecords=_NAMES
        )
        found |= {each["AutoScalingGroupName"]: each for each in answer["AutoScalingGroups"]}
    return found


async def _turns(names: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """What the instances of these groups are told, by group."""
    told: dict[str, list[str]] = defaultdict(list)
    ask, further = Calls("ec2"), dict[str, str]()
    filters = [
        {"Name": "tag:aws:autoscaling:groupName", "Values": list(names)},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    while names:
        page = await ask("describe_instances", PATIENCE, Filters=filters, **further)
        for machine in (each for some in page["Reservations"] for each in some["Instances"]):
            tags = {tag["Key"]: tag["Value"] for tag in machine.get("Tags", ())}
            if tags.get(TURN):
                told[tags["aws:autoscaling:groupName"]].append(tags[TURN])
        if not page.get("NextToken"):
            break
        further = {"NextToken": page["NextToken"]}
    return told
