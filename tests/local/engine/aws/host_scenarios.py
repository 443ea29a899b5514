"""Scenarios of a single machine: the operations host, and a key to enter by."""

from __future__ import annotations

from typing import Any

from tests.local.engine.aws.asking import first, gone_is_none
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Scenario

_CLOUD_CONFIG = "#cloud-config\nruncmd: [echo one]\n"


def _instance(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.ec2.describe_instances(InstanceIds=[resource.id])["Reservations"])
    instance = first([one for reservation in found or [] for one in reservation["Instances"]])
    if instance is None or instance["State"]["Name"] != "running":
        return None
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def _key(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.ec2.describe_key_pairs(KeyNames=[resource.id])["KeyPairs"])
    return found and {tag["Key"]: tag["Value"] for tag in found[0]["Tags"]}


def _tag(aws: AwsSide, identity: str) -> None:
    aws.ec2.create_tags(Resources=[identity], Tags=[{"Key": "Name", "Value": "by hand"}])


SCENARIOS = (
    Scenario(
        "aws:ec2/instance:Instance",
        lambda aws: {
            "ami": aws.image,
            "instanceType": "t3.micro",
            "subnetId": aws.subnets[0],
            "vpcSecurityGroupIds": [aws.group],
            "associatePublicIpAddress": True,
            "userData": _CLOUD_CONFIG,
            "userDataReplaceOnChange": True,
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required"},
            "rootBlockDevice": {"encrypted": True, "volumeType": "gp3", "volumeSize": 8},
            "tags": {"Name": "operations"},
        },
        _instance,
        {"Name": "operations"},
        changes=lambda aws: {"tags": {"Name": "host"}},
        changed={"Name": "host"},
        drift=lambda aws, found: _tag(aws, found.id),
        drifted="tags",
        replacing=lambda aws: {
            "userData": _CLOUD_CONFIG.replace("one", "two"),
            "subnetId": aws.subnets[1],
            "associatePublicIpAddress": False,
        },
        silent=frozenset({"userDataReplaceOnChange", "userData", "getPasswordData"}),
    ),
    Scenario(
        "aws:ec2/keyPair:KeyPair",
        lambda aws: {
            "publicKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGX5b0oQGVb3J2gS7sF1h6w2k0Zk8m9uJ1pQw3u2rXxA ops",
            "tags": {"Name": "one"},
        },
        _key,
        {"Name": "one"},
        changes=lambda aws: {"tags": {"Name": "two"}},
        changed={"Name": "two"},
        replacing=lambda aws: {"keyName": "another"},
        silent=frozenset({"publicKey"}),
    ),
)
