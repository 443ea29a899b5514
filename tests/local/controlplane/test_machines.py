"""What EC2's API says of an instance is where its machine is; and the machine has the role that the API gave it."""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3
import pytest

from localcloud.parts import InstanceSpec
from tests.local.controlplane.conftest import LOCATION, World

IMAGE = "ami-0ef3038e9b73a0746"


def run(world: World, public: bool, **more: Any) -> InstanceSpec:
    _, subnets = world.network()
    nic = {"DeviceIndex": 0, "SubnetId": subnets[0], "AssociatePublicIpAddress": public}
    made = world.client("ec2").run_instances(
        ImageId=IMAGE, MinCount=1, MaxCount=1, InstanceType="t3.micro", NetworkInterfaces=[nic], **more
    )
    return world.instances.specs[made["Instances"][0]["InstanceId"]]


def described(world: World, spec: InstanceSpec) -> dict[str, Any]:
    found = world.client("ec2").describe_instances(InstanceIds=[spec.instance_id])
    instance: dict[str, Any] = found["Reservations"][0]["Instances"][0]
    return instance


def profile(world: World, name: str) -> str:
    iam = world.client("iam")
    policy = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(RoleName=f"{name}-role", AssumeRolePolicyDocument=json.dumps(policy))
    arn: str = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=f"{name}-role")
    return arn


def forget(world: World, name: str) -> None:
    iam = world.client("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=f"{name}-role")
    iam.delete_instance_profile(InstanceProfileName=name)
    iam.delete_role(RoleName=f"{name}-role")


def test_a_public_address_is_the_one_at_which_the_machine_answers(world: World):
    spec = run(world, public=True)
    told = described(world, spec)
    assert spec.public
    assert (told["PublicIpAddress"], told["PublicDnsName"]) == (spec.address, spec.address)
    association = told["NetworkInterfaces"][0]["Association"]
    assert (association["PublicIp"], association["PublicDnsName"]) == (spec.address, spec.address)
    assert told["PrivateIpAddress"].startswith("10.20.0.")


def test_it_is_still_so_after_a_stop_and_a_start(world: World):
    spec = run(world, public=True)
    world.client("ec2").stop_instances(InstanceIds=[spec.instance_id])
    assert "PublicIpAddress" not in described(world, spec)
    world.client("ec2").start_instances(InstanceIds=[spec.instance_id])
    assert described(world, spec)["PublicIpAddress"] == spec.address


def test_an_instance_without_a_public_address_has_none(world: World):
    spec = run(world, public=False)
    assert not spec.public
    assert "PublicIpAddress" not in described(world, spec)


def test_an_instance_has_its_profiles_role_and_no_other_keys(world: World):
    arn = profile(world, "operations")
    try:
        spec = run(world, public=True, IamInstanceProfile={"Arn": arn})
    finally:
        forget(world, "operations")
    assert spec.role is not None
    assert (spec.role.name, spec.role.profile_arn) == ("operations-role", arn)
    assert set(spec.credentials_env) == {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"}
    sts = boto3.client(
        "sts",
        endpoint_url=world.endpoint,
        region_name=LOCATION.region,
        aws_access_key_id=spec.role.access_key,
        aws_secret_access_key=spec.role.secret_key,
        aws_session_token=spec.role.token,
    )
    identity = sts.get_caller_identity()["Arn"]
    assert identity == f"arn:aws:sts::{LOCATION.account}:assumed-role/operations-role/{spec.instance_id}"


def test_without_a_profile_there_are_no_keys_at_all(world: World):
    spec = run(world, public=False)
    assert spec.role is None
    assert not [name for name in spec.credentials_env if "KEY" in name]


def test_a_member_of_a_fleet_has_the_profile_of_its_launch_template(world: World):
    arn = profile(world, "web")
    vpc, subnets = world.network()
    try:
        template = world.client("ec2").create_launch_template(
            LaunchTemplateName=f"template-{vpc}",
            LaunchTemplateData={
                "ImageId": IMAGE,
                "IamInstanceProfile": {"Arn": arn},
                "UserData": base64.b64encode(b"#cloud-config\n").decode(),
            },
        )["LaunchTemplate"]["LaunchTemplateId"]
        world.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="web",
            LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
            MinSize=1,
            MaxSize=1,
            VPCZoneIdentifier=subnets[0],
        )
        (member,) = world.members()
    finally:
        forget(world, "web")
    role = world.instances.specs[member].role
    assert role is not None
    assert role.name == "web-role"


def test_an_instance_knows_its_tags_of_the_moment_where_its_launch_template_says_so(world: World):
    ec2 = world.client("ec2")
    data = {"ImageId": IMAGE, "InstanceType": "t3.micro"}
    specs = []
    for tags in ("enabled", "disabled"):
        made = ec2.create_launch_template(
            LaunchTemplateName=tags,
            LaunchTemplateData={**data, "MetadataOptions": {"InstanceMetadataTags": tags}},
        )
        template = {"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"]}
        specs.append(run(world, public=False, LaunchTemplate=template))
    knowing, other = (spec.instance_id for spec in specs)
    assert described(world, specs[0])["MetadataOptions"]["InstanceMetadataTags"] == "enabled"
    ec2.create_tags(Resources=[knowing, other], Tags=[{"Key": "turn", "Value": "working"}])
    assert world.instances.tags(knowing)["turn"] == "working"
    assert world.instances.tags(other) is None
    ec2.delete_tags(Resources=[knowing], Tags=[{"Key": "turn"}])
    assert "turn" not in world.instances.tags(knowing)


def test_who_looks_while_a_machine_is_being_started_does_not_take_it_for_dead(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    start, seen = world.instances.start, []

    def looked_at_before(spec: InstanceSpec) -> None:
        seen.append(world.plane.machines.step())
        start(spec)

    monkeypatch.setattr(world.instances, "start", looked_at_before)
    spec = run(world, public=False)
    assert seen == [()]
    world.instances.states[spec.instance_id] = "gone"
    assert world.plane.machines.step() == (spec.instance_id,)
    world.plane.machines.terminate(spec.instance_id)
