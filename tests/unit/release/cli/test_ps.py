"""`release ps`, typed at a stack whose AWS is moto; and what is called healthy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from release.balancer import Health
from release.cli.instances import state_of
from release.ledger import Ledger, promote
from tests.unit.release.releases import release

ONE = release("1")


@pytest.mark.parametrize(
    ("machine", "lifecycle", "group", "health", "does", "expected"),
    [
        ("pending", "Pending", "Healthy", None, None, "booting"),
        ("running", "InService", "Healthy", None, None, "booting"),
        ("running", "InService", "Healthy", Health("i", "initial"), None, "booting"),
        ("running", "InService", "Healthy", Health("i", "healthy"), None, "healthy"),
        ("running", "InService", "Healthy", Health("i", "unhealthy", "Target.Timeout"), None, "unhealthy"),
        ("running", "InService", "Unhealthy", Health("i", "healthy"), None, "unhealthy"),
        ("running", "Terminating:Wait", "Healthy", Health("i", "draining"), None, "draining"),
        ("running", "Terminating", "Healthy", None, "", "terminating"),
        ("shutting-down", "", "", None, None, "terminating"),
        ("running", "InService", "Healthy", None, "", "running"),
        ("running", "InService", "Healthy", None, "active", "working"),
        ("running", "InService", "Healthy", None, "inactive", "resting"),
        ("running", "InService", "Healthy", None, "activating", "restarting"),
        ("running", "InService", "Healthy", None, "failed", "failed"),
        ("running", "InService", "Unhealthy", None, "failed", "unhealthy"),
    ],
)
def test_an_instance_is_only_called_well_by_who_asks_it(
    machine: str, lifecycle: str, group: str, health: Health | None, does: str | None, expected: str
) -> None:
    """`does` is what a worker says it does, None for web."""
    assert state_of(machine, lifecycle, group, health, does is None, does or "")[0] == expected


def test_instances_of_all_processes_are_told_with_release_and_state(world: Any) -> None:
    state = world.state(promote(Ledger(), ONE, 1, "2026-01-01T00:00:00Z"))
    scaling, ec2 = world.client("autoscaling"), world.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    scaling.create_launch_configuration(LaunchConfigurationName="t", ImageId=image, InstanceType="t3.micro")
    for process in ("web", "worker"):
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=process,
            LaunchConfigurationName="t",
            MinSize=1,
            MaxSize=4,
            AvailabilityZones=["eu-west-1a"],
            TargetGroupARNs=[world.target_group(ONE.id)] if process == "web" else [],
        )
        tags = [
            {"key": "uneventful:release", "value": ONE.id},
            {"key": "uneventful:process", "value": process},
        ]
        state["deployment"]["resources"].append(
            {
                "type": "aws:autoscaling/group:Group",
                "urn": f"urn::{process}",
                "outputs": {"name": process, "tags": tags},
            }
        )
    # Somebody else's.
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)
    world.begin(state)
    status, out, error = world.run("ps", "--stack", "dev", "--json")
    assert (status, error) == (0, "")
    web, worker = json.loads(out)["instances"]
    assert (web["process"], web["release"], web["version"], web["zone"]) == ("web", ONE.id, "1", "eu-west-1a")
    assert (worker["process"], worker["state"], worker["cpu"]) == ("worker", "running", None)
    assert (worker["restarts"], worker["memory"]) == (None, None)
    assert worker["id"] in world.run("ps", "--stack", "dev")[1]
