"""Instances and their groups: AWS/EC2 and AWS/AutoScaling. Names and dimensions: 'List the available CloudWatch
metrics for your instances' and 'Amazon CloudWatch metrics for Amazon EC2 Auto Scaling' in AWS's documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from localcloud.controlplane.cloudwatch.samples import Sample, key, reading

EC2, AUTO_SCALING = "AWS/EC2", "AWS/AutoScaling"
IN_SERVICE = "InService"


@dataclass(frozen=True)
class Group:
    """An auto-scaling group; `states` are the lifecycle states of its instances, `metrics` those that are enabled."""

    name: str
    least: int
    most: int
    desired: int
    states: tuple[str, ...]
    metrics: tuple[str, ...]


def processor_use(percent: Mapping[str, float], groups: Mapping[str, str]) -> Iterator[Sample]:
    """`percent` of all processors that each instance uses; `groups` has the auto-scaling group of those in one."""
    for instance, used in percent.items():
        yield Sample(key(EC2, "CPUUtilization", {"InstanceId": instance}), used, unit="Percent")
        if instance in groups:
            group = {"AutoScalingGroupName": groups[instance]}
            yield Sample(key(EC2, "CPUUtilization", group), used, unit="Percent")


def sizes(groups: Iterable[Group]) -> Iterator[Sample]:
    """The enabled metrics of each group."""
    for group in groups:
        states = Counter(group.states)
        values = {
            "GroupMinSize": group.least,
            "GroupMaxSize": group.most,
            "GroupDesiredCapacity": group.desired,
            "GroupInServiceInstances": states[IN_SERVICE],
            "GroupPendingInstances": states["Pending"],
            "GroupStandbyInstances": states["Standby"],
            "GroupTerminatingInstances": states["Terminating"],
            "GroupTotalInstances": len(group.states),
        }
        for name, value in values.items():
            if name in group.metrics:
                yield reading(AUTO_SCALING, name, {"AutoScalingGroupName": group.name}, value, "None")
