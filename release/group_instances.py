"""The instances of one process of a release, in AWS: their auto-scaling group, and who says that they are well."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from release.aws import Busy, Calls, Refused
from release.balancer import ElasticLoadBalancing
from release.errors import ScalingError
from release.restart import Group
from release.turns import Instances as Workers
from release.turns import Post, Team

PATIENCE = 20.0
"""Seconds that a call is tried again: each may come true twice and changes nothing the second time."""

_STAYING = ("Pending", "Pending:Wait", "Pending:Proceed", "InService")


class Doctor(Protocol):
    """Who knows which instances serve."""

    async def well(self, instances: Sequence[str]) -> Collection[str]:
        """Those of them that do."""


class HealthyTargets:
    """Web instances: what the balancer says of a target group (ARN)."""

    def __init__(self, target_group: str) -> None:
        self._balancer = ElasticLoadBalancing(Calls("elbv2"))
        self._target_group = target_group

    async def well(self, instances: Sequence[str]) -> Collection[str]:
        health = await self._balancer.health(self._target_group)
        return {each.target for each in health if each.state == "healthy" and each.target in instances}


class AtWork:
    """Workers: what they say of their turn themselves."""

    def __init__(self, workers: Workers, team: Team) -> None:
        self._workers = workers
        self._team = team

    async def well(self, instances: Sequence[str]) -> Collection[str]:
        reports = await self._workers.reports([Post(self._team, each) for each in instances])
        return {each for each, report in reports.items() if report.doing == "working"}


class AwsGroup:
    """`release.restart.Instances` for the auto-scaling group of this name."""

    def __init__(self, name: str, doctor: Doctor | None) -> None:
        """Without a `doctor` an instance is well when the group says that it is in service."""
        self._name = name
        self._doctor = doctor
        self._calls = Calls("autoscaling")

    async def group(self) -> Group:
        found = await self._describe()
        staying = [each for each in found["Instances"] if each["LifecycleState"] in _STAYING]
        return Group(
            int(found["DesiredCapacity"]),
            int(found["MaxSize"]),
            tuple(str(each["InstanceId"]) for each in staying),
        )

    async def well(self, instances: Sequence[str]) -> Collection[str]:
        if self._doctor:
            return await self._doctor.well(instances)
        held = (await self._describe())["Instances"]
        return {each["InstanceId"] for each in held if each["LifecycleState"] == "InService"} & {*instances}

    async def allow(self, most: int) -> None:
        await self._do("update_auto_scaling_group", MaxSize=most)

    async def want(self, count: int) -> None:
        await self._do("set_desired_capacity", DesiredCapacity=count, HonorCooldown=False)

    async def retire(self, instance: str) -> None:
        with _told():
            try:
                await self._calls(
                    "terminate_instance_in_auto_scaling_group",
                    InstanceId=instance,
                    ShouldDecrementDesiredCapacity=True,
                )
            except (Busy, Refused):
                # It may have come true all the same: once more would want two fewer.
                if instance in (await self.group()).instances:
                    raise

    async def left(self, instances: Sequence[str]) -> Collection[str]:
        held = {str(each["InstanceId"]) for each in (await self._describe())["Instances"]}
        return held.intersection(instances)

    async def _describe(self) -> Mapping[str, Any]:
        with _told():
            answer = await self._calls(
                "describe_auto_scaling_groups", PATIENCE, AutoScalingGroupNames=[self._name]
            )
        if not answer["AutoScalingGroups"]:
            raise ScalingError(
                f"the group {self._name} is not there any more",
                expected="the instances of the live release",
                state="whatever removed it has done the rest",
                next="release status --stack STACK",
            )
        found: Mapping[str, Any] = answer["AutoScalingGroups"][0]
        return found

    async def _do(self, action: str, **arguments: Any) -> None:
        with _told():
            await self._calls(action, PATIENCE, AutoScalingGroupName=self._name, **arguments)


@contextmanager
def _told() -> Iterator[None]:
    """Tell AWS's answers as this project's errors."""
    try:
        yield
    except (Busy, Refused) as error:
        raise ScalingError("the auto-scaling API did not answer as it should", seen=str(error)) from error
