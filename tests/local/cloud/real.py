"""A checkout with a cloud of its own, driven as a user drives it: by commands and by AWS's SDK."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from localcloud.control import ask
from localcloud.record import DaemonRecord, read_record

USER_DATA = b"""## template: jinja
#cloud-config
write_files:
- path: /etc/systemd/system/web.service
  content: |
    [Service]
    ExecStart=/usr/bin/env python3 -m http.server --bind {{ ds.meta_data.local_ipv4 }} 8080
    Restart=always
    [Install]
    WantedBy=multi-user.target
runcmd:
- [systemctl, enable, --now, web.service]
"""


@dataclass
class Checkout:
    root: Path

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "UNEVENTFUL_"))
        }
        return subprocess.run(
            [sys.executable, "-m", "localcloud.cli.main", *arguments],
            cwd=self.root,
            env={**environment, "PYTHONPATH": str(Path(__file__).parents[3])},
            capture_output=True,
            text=True,
            timeout=60,
            check=check,
        )

    @property
    def marker(self) -> str:
        return str(self.root / ".uneventful" / "cloud")

    @property
    def record(self) -> DaemonRecord:
        record = read_record(Path(self.marker) / "daemon.json")
        assert record is not None
        return record

    @property
    def pid(self) -> int:
        return self.record.pid

    def status(self) -> dict[str, Any]:
        """What `localcloud status --json` prints, without a process for each look."""
        return ask(Path(self.record.control), "status")

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.record.endpoint,
            region_name="eu-west-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
        )


def new_checkout(folder: Path) -> Checkout:
    folder.mkdir()
    (folder / "Pulumi.yaml").touch()
    return Checkout(folder)


def until(what: Callable[[], Any], seconds: float = 15.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def environment_of_two(checkout: Checkout) -> str:
    """A load balancer in front of a group of two real instances; returns its URL."""
    ec2, elb = checkout.client("ec2"), checkout.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-west-1{zone}")[
            "Subnet"
        ]["SubnetId"]
        for n, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]
    group = elb.create_target_group(
        Name="web",
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc,
        HealthCheckPath="/",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=8080,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    template = ec2.create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={
            "ImageId": "ami-0ef3038e9b73a0746",
            "UserData": base64.b64encode(USER_DATA).decode(),
        },
    )["LaunchTemplate"]["LaunchTemplateId"]
    checkout.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchTemplate={"LaunchTemplateId": template},
        MinSize=2,
        MaxSize=2,
        VPCZoneIdentifier=",".join(subnets),
        TargetGroupARNs=[group],
    )
    return f"http://{balancer['DNSName']}:8080/"


def answers(url: str) -> bool:
    return answer(url) == "200"


def answer(url: str, seconds: float = 5) -> str:
    """The status, or what came instead of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            # Whoever hangs up before the body is there has not been answered.
            answer.read()
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return str(error)
