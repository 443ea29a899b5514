"""AWS's API as the local cloud answers it, in this process, on fakes; told apart from moto by nothing but the hooks."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.backends import get_backend

from localcloud.addresses import AddressPool
from localcloud.controlplane.plane import ControlPlane
from localcloud.controlplane.server import ApiServer
from localcloud.faults import FaultBoard
from localcloud.location import Location
from localcloud.record import credentials
from tests.local.controlplane.fakes import FakeBalancer, FakeClock, FakeInstances, FakeStores

LOCATION = Location()
RESET = ("elbv2", "autoscaling", "cloudwatch", "rds", "elasticache")
"""EC2 is not among them: it takes 1.5 s to read its images again, and tests make networks of their own in it."""


@dataclass
class World:
    plane: ControlPlane
    instances: FakeInstances
    balancer: FakeBalancer
    databases: FakeStores
    caches: FakeStores
    clock: FakeClock
    board: FaultBoard
    endpoint: str
    log: list[str]
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.new_client(service, 1)
        return self.clients[service]

    def new_client(self, service: str, attempts: int) -> Any:
        """One that sends what got no answer so often."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=LOCATION.region,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, read_timeout=10),
        )

    def pass_time(self, seconds: float) -> None:
        """Let the clock run on, with the daemon's ticks."""
        self.plane.tick()
        self.clock.now += seconds
        self.plane.tick()

    # --- what tests build ---

    def network(self) -> tuple[str, list[str]]:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.20.{n}.0/24", AvailabilityZone=f"{LOCATION.region}{zone}"
            )
            for n, zone in enumerate("ab")
        ]
        return vpc, [subnet["Subnet"]["SubnetId"] for subnet in subnets]

    def balancer_with_listener(self, subnets: list[str], port: int = 8080) -> tuple[Any, str]:
        elb = self.client("elbv2")
        balancer = elb.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]
        listener = elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=port,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}],
        )
        return balancer, listener["Listeners"][0]["ListenerArn"]

    def target_group(self, vpc: str, name: str = "web-1", delay: int = 30) -> str:
        elb = self.client("elbv2")
        group = elb.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=8080,
            VpcId=vpc,
            HealthCheckPath="/healthz",
            HealthCheckIntervalSeconds=5,
        )
        arn: str = group["TargetGroups"][0]["TargetGroupArn"]
        elb.modify_target_group_attributes(
            TargetGroupArn=arn,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": str(delay)}],
        )
        return arn

    def forward(self, listener: str, weights: dict[str, int], priority: int = 40000) -> str:
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
        rule = self.client("elbv2").create_rule(
            ListenerArn=listener,
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
            Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
        )
        arn: str = rule["Rules"][0]["RuleArn"]
        return arn

    def fleet(self, subnets: list[str], groups: list[str], **options: Any) -> str:
        """An auto-scaling group `web` of two, with its launch template."""
        template = self.client("ec2").create_launch_template(
            LaunchTemplateName=f"web-{uuid.uuid4().hex}",
            LaunchTemplateData={
                "ImageId": "ami-0ef3038e9b73a0746",
                "InstanceType": "t4g.small",
                "UserData": base64.b64encode(b"#cloud-config\n").decode(),
            },
        )["LaunchTemplate"]["LaunchTemplateId"]
        self.client("autoscaling").create_auto_scaling_group(
            **{
                "AutoScalingGroupName": "web",
                "LaunchTemplate": {"LaunchTemplateId": template, "Version": "$Latest"},
                "MinSize": 2,
                "MaxSize": 4,
                "VPCZoneIdentifier": ",".join(subnets),
                "TargetGroupARNs": groups,
                "Tags": [{"Key": "Name", "Value": "web", "PropagateAtLaunch": True}],
                **options,
            }
        )
        return "web"

    def members(self, group: str = "web") -> dict[str, str]:
        """Lifecycle states by instance id, as the API lists them."""
        found = self.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
        groups = found["AutoScalingGroups"]
        return {one["InstanceId"]: one["LifecycleState"] for one in groups[0]["Instances"]} if groups else {}

    def health(self, group: str) -> dict[str, tuple[str, str]]:
        """(state, reason) by target id, as the API tells it."""
        found = self.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {
            one["Target"]["Id"]: (one["TargetHealth"]["State"], one["TargetHealth"].get("Reason", ""))
            for one in found
        }

    def served_targets(self, group: str) -> dict[str, bool]:
        """Instance id -> draining, as the data plane has it."""
        return {
            target.instance_id: target.draining
            for balancer in self.balancer.state
            for one in balancer.target_groups
            if one.arn == group
            for target in one.targets
        }


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    for service in RESET:
        get_backend(service)[LOCATION.account][LOCATION.region].reset()
    instances, balancer, clock, log = FakeInstances(), FakeBalancer(), FakeClock(), list[str]()
    board = FaultBoard(log.append)
    pool = AddressPool(tmp_path)
    databases, caches = FakeStores(), FakeStores()
    plane = ControlPlane(
        instances,
        balancer,
        databases,
        caches,
        pool,
        board,
        LOCATION,
        lambda: credentials(api.endpoint, LOCATION.region),
        log.append,
        clock,
    )
    api = ApiServer(board, plane, LOCATION.region)
    api.start()
    yield World(plane, instances, balancer, databases, caches, clock, board, api.endpoint, log)
    api.close()
    plane.close()
    pool.close()
