"""Scenarios of a fleet: launch template, auto-scaling group and policy, and the identity of instances."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import unquote

from tests.local.engine.aws.asking import first, gone_is_none
from tests.local.engine.aws.aws_side import TRUST, AwsSide, policy
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Scenario

_TRUST_SPOT = TRUST.replace("ec2.", "spotfleet.")


def _data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _template(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(
        lambda: aws.ec2.describe_launch_template_versions(LaunchTemplateId=resource.id, Versions=["$Latest"])[
            "LaunchTemplateVersions"
        ]
    )
    return (found[0]["VersionNumber"], found[0]["LaunchTemplateData"]["InstanceType"]) if found else None


def _new_version(aws: AwsSide, resource: Resource) -> None:
    """As it was by hand, in a version of its own; the next update makes another."""
    latest = aws.ec2.describe_launch_template_versions(LaunchTemplateId=resource.id, Versions=["$Latest"])
    data = latest["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    aws.ec2.create_launch_template_version(
        LaunchTemplateId=resource.id, LaunchTemplateData=data | {"InstanceType": "m5.large"}
    )


def _template_type(aws: AwsSide, resource: Resource) -> Any:
    seen = _template(aws, resource)
    return seen and seen[1]


def _group(aws: AwsSide, resource: Resource) -> Any:
    found = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[resource.id])
    group = first(found["AutoScalingGroups"])
    return (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) if group else None


def _policy(aws: AwsSide, resource: Resource) -> Any:
    found = aws.autoscaling.describe_policies(PolicyNames=[resource.id])["ScalingPolicies"]
    return found[0]["TargetTrackingConfiguration"]["TargetValue"] if found else None


def _tracking(target: float) -> dict[str, Any]:
    metric = {"predefinedMetricType": "ASGAverageCPUUtilization"}
    return {"predefinedMetricSpecification": metric, "targetValue": target}


def _role(aws: AwsSide, resource: Resource) -> Any:
    return gone_is_none(lambda: aws.iam.get_role(RoleName=resource.id)["Role"].get("Description", "none"))


def _role_policy(aws: AwsSide, resource: Resource) -> Any:
    role, _, name = resource.id.partition(":")
    found = gone_is_none(lambda: aws.iam.get_role_policy(RoleName=role, PolicyName=name))
    document = found and found["PolicyDocument"]
    text = document if isinstance(document, dict | None) else unquote(document)
    return text and text["Statement"][0]["Action"]


def _profile(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.iam.get_instance_profile(InstanceProfileName=resource.id))
    return found and [role["RoleName"] for role in found["InstanceProfile"]["Roles"]]


def _use_role(aws: AwsSide, profile: Resource) -> None:
    aws.iam.remove_role_from_instance_profile(InstanceProfileName=profile.id, RoleName="profile-b")
    aws.iam.add_role_to_instance_profile(InstanceProfileName=profile.id, RoleName="profile-a")


def _attached(aws: AwsSide, resource: Resource) -> Any:
    found = aws.iam.list_attached_role_policies(RoleName="attached")["AttachedPolicies"]
    return first([entry["PolicyName"] for entry in found])


_SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"

SCENARIOS = (
    Scenario(
        "aws:ec2/launchTemplate:LaunchTemplate",
        lambda aws: {
            "imageId": aws.image,
            "instanceType": "t3.micro",
            "userData": _data("#cloud-config\n{}"),
            "vpcSecurityGroupIds": [aws.group],
            "updateDefaultVersion": True,
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required"},
            "tagSpecifications": [{"resourceType": "instance", "tags": {"Release": "r1"}}],
            "tags": {"by": "program"},
        },
        _template_type,
        "t3.micro",
        changes=lambda aws: {"instanceType": "t3.small"},
        changed="t3.small",
        drift=_new_version,
        drifted="instanceType",
        replacing=lambda aws: {"name": "another"},
        silent=frozenset({"updateDefaultVersion", "defaultVersion"}),
    ),
    Scenario(
        "aws:autoscaling/group:Group",
        lambda aws: {
            "minSize": 1,
            "maxSize": 4,
            "desiredCapacity": 1,
            "vpcZoneIdentifiers": list(reversed(aws.subnets)),
            "launchTemplate": {"id": aws.template, "version": "$Latest"},
            "targetGroupArns": [aws.targets],
            "healthCheckType": "ELB",
            "healthCheckGracePeriod": 20,
            "waitForCapacityTimeout": "0",
            "tags": [{"key": "Name", "value": "web", "propagateAtLaunch": True}],
        },
        _group,
        (1, 4, 1),
        changes=lambda aws: {"maxSize": 6, "desiredCapacity": 2},
        changed=(1, 6, 2),
        drift=lambda aws, group: aws.autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=group.id, DesiredCapacity=3
        ),
        drifted="desiredCapacity",
        replacing=lambda aws: {"name": "another"},
        silent=frozenset({"waitForCapacityTimeout"}),
    ),
    Scenario(
        "aws:autoscaling/policy:Policy",
        lambda aws: {
            "autoscalingGroupName": aws.scaling_group,
            "policyType": "TargetTrackingScaling",
            "targetTrackingConfiguration": _tracking(60),
        },
        _policy,
        60.0,
        changes=lambda aws: {"targetTrackingConfiguration": _tracking(70)},
        changed=70.0,
        replacing=lambda aws: {"autoscalingGroupName": "another"},
        imported_by=lambda aws, found: f"{aws.scaling_group}/{found.id}",
    ),
    Scenario(
        "aws:iam/role:Role",
        lambda aws: {"assumeRolePolicy": TRUST, "description": "one"},
        _role,
        "one",
        changes=lambda aws: {"description": "two", "assumeRolePolicy": _TRUST_SPOT},
        changed="two",
        drift=lambda aws, role: aws.iam.update_role(RoleName=role.id, Description="by hand"),
        drifted="description",
        replacing=lambda aws: {"path": "/other/"},
        silent=frozenset({"forceDetachPolicies"}),
    ),
    Scenario(
        "aws:iam/rolePolicy:RolePolicy",
        lambda aws: {"role": aws.new_role("inline"), "policy": policy("s3:GetObject")},
        _role_policy,
        "s3:GetObject",
        changes=lambda aws: {"policy": policy("s3:PutObject")},
        changed="s3:PutObject",
        drift=lambda aws, found: aws.iam.put_role_policy(
            RoleName="inline", PolicyName=found.id.partition(":")[2], PolicyDocument=policy("s3:*")
        ),
        drifted="policy",
        replacing=lambda aws: {"role": "another"},
    ),
    Scenario(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda aws: {"role": aws.new_role("attached"), "policyArn": _SSM},
        _attached,
        "AmazonSSMManagedInstanceCore",
        replacing=lambda aws: {"role": "another"},
        imported_by=lambda aws, found: f"attached/{_SSM}",
        renamed_by_import=True,
    ),
    Scenario(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda aws: {"role": aws.new_role("profile-a")},
        _profile,
        ["profile-a"],
        changes=lambda aws: {"role": aws.new_role("profile-b")},
        changed=["profile-b"],
        drift=_use_role,
        drifted="role",
        replacing=lambda aws: {"path": "/other/"},
    ),
)
