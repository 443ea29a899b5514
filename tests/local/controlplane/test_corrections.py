"""moto's differences from AWS: there without the correction, gone with it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from tests.local.controlplane.conftest import LOCATION, World


def twice(world: World, see: Callable[[], Any]) -> tuple[Any, Any]:
    """What is seen with the corrections, and without them."""
    with_them = see()
    world.plane.close()
    return with_them, see()


def test_a_launch_templates_own_tags_are_not_a_part_of_its_data(world: World) -> None:
    ec2 = world.client("ec2")

    def tagged() -> list[str]:
        made = ec2.create_launch_template(
            LaunchTemplateName=uuid.uuid4().hex,
            LaunchTemplateData={
                "ImageId": "ami-1",
                "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
            },
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "own", "Value": "tag"}]}],
        )["LaunchTemplate"]
        assert made["Tags"] == [{"Key": "own", "Value": "tag"}]
        versions = ec2.describe_launch_template_versions(LaunchTemplateId=made["LaunchTemplateId"])
        data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        return [spec["ResourceType"] for spec in data["TagSpecifications"]]

    assert twice(world, tagged) == (["instance"], ["instance", "launch-template"])


@pytest.mark.parametrize(
    ("given", "grace"), [({}, 0), ({"HealthCheckGracePeriod": 0}, 0), ({"HealthCheckGracePeriod": 40}, 40)]
)
def test_the_grace_period_is_what_was_given_and_nothing_by_default(
    world: World, given: dict[str, int], grace: int
) -> None:
    _, subnets = world.network()
    world.fleet(subnets, [], **given)
    (group,) = world.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["HealthCheckGracePeriod"] == grace


def test_a_scaling_policy_is_enabled_and_predicts_nothing(world: World) -> None:
    _, subnets = world.network()
    world.fleet(subnets, [])
    scaling = world.client("autoscaling")

    def policy() -> tuple[Any, bool]:
        scaling.put_scaling_policy(
            AutoScalingGroupName="web",
            PolicyName="more",
            AdjustmentType="ChangeInCapacity",
            ScalingAdjustment=1,
        )
        (found,) = scaling.describe_policies(AutoScalingGroupName="web")["ScalingPolicies"]
        return found.get("Enabled"), "PredictiveScalingConfiguration" in found

    assert twice(world, policy) == ((True, False), (None, True))


def test_a_queues_redrive_policy_comes_back_without_blanks(world: World) -> None:
    sqs = world.client("sqs")

    def policy() -> str:
        dead = sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        wanted = f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":3}}'
        queue = sqs.create_queue(QueueName=uuid.uuid4().hex, Attributes={"RedrivePolicy": wanted})["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]
        return "as given" if found["RedrivePolicy"] == wanted else "changed"

    assert twice(world, policy) == ("as given", "changed")


def test_a_queue_tells_which_queues_may_have_it_for_their_dead_letters(world: World) -> None:
    sqs = world.client("sqs")
    wanted = '{"redrivePermission": "denyAll"}'

    def told() -> list[Any]:
        queue = sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedriveAllowPolicy": wanted})

        def asked(name: str) -> str:
            found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"]
            return str(found.get("RedriveAllowPolicy"))

        return [_answer(lambda: asked("All")), _answer(lambda: asked("RedriveAllowPolicy"))]

    assert twice(world, told) == ([wanted, wanted], ["None", "InvalidAttributeName"])


def test_a_queue_keeps_its_policy_when_something_else_is_set(world: World) -> None:
    sqs = world.client("sqs")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def kept() -> bool:
        queue = sqs.create_queue(QueueName=uuid.uuid4().hex, Attributes={"Policy": policy})["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "60"})
        return "Policy" in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]

    assert twice(world, kept) == (True, False)


def test_parameters_that_a_user_has_set_are_marked_so(world: World) -> None:
    rds = world.client("rds")

    def sources() -> set[str]:
        name = f"group-{uuid.uuid4().hex}"
        rds.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily="postgres16", Description="d"
        )
        rds.modify_db_parameter_group(
            DBParameterGroupName=name,
            Parameters=[
                {"ParameterName": "max_connections", "ParameterValue": "50", "ApplyMethod": "pending-reboot"}
            ],
        )
        found = rds.describe_db_parameters(DBParameterGroupName=name)["Parameters"]
        return {str(one.get("Source")) for one in found}

    with_them, without = twice(world, sources)
    assert with_them == {"user"}
    assert "user" not in without


def test_a_database_subnet_group_is_there_after_a_change(world: World) -> None:
    rds, (_, subnets) = world.client("rds"), world.network()

    def left() -> int:
        name = f"group-{uuid.uuid4().hex}"
        rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=subnets)
        rds.modify_db_subnet_group(DBSubnetGroupName=name, SubnetIds=subnets[:1])
        return sum(
            group["DBSubnetGroupName"] == name for group in rds.describe_db_subnet_groups()["DBSubnetGroups"]
        )

    assert twice(world, left) == (1, 0)


def test_a_schedule_group_that_is_gone_is_not_found(world: World) -> None:
    def delete() -> str:
        try:
            world.client("scheduler").delete_schedule_group(Name="gone")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "deleted"

    assert twice(world, delete) == ("ResourceNotFoundException", "500")


def test_a_nat_gateway_that_is_gone_is_not_found(world: World) -> None:
    def delete() -> str:
        world.client("ec2").delete_nat_gateway(NatGatewayId="nat-0123456789abcdef0")
        return "deleted"

    assert twice(world, lambda: _answer(delete)) == ("NatGatewayNotFound", "500")


def test_an_instance_that_asks_for_a_public_address_tells_its_security_groups(world: World) -> None:
    ec2, (vpc, subnets) = world.client("ec2"), world.network()
    group = ec2.create_security_group(GroupName=uuid.uuid4().hex, Description="d", VpcId=vpc)["GroupId"]
    interface = {
        "DeviceIndex": 0,
        "SubnetId": subnets[0],
        "Groups": [group],
        "AssociatePublicIpAddress": True,
    }

    def groups() -> list[str]:
        made = ec2.run_instances(
            ImageId="ami-0ef3038e9b73a0746",
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[interface],
        )
        return [one["GroupId"] for one in made["Instances"][0]["SecurityGroups"]]

    assert twice(world, groups) == ([group], [])


def test_a_cache_subnet_group_can_be_changed_and_deleted(world: World) -> None:
    cache, (_, subnets) = world.client("elasticache"), world.network()

    def life() -> list[str]:
        name = f"group-{uuid.uuid4().hex}"
        cache.create_cache_subnet_group(
            CacheSubnetGroupName=name, CacheSubnetGroupDescription="one", SubnetIds=subnets
        )

        def described() -> str:
            (group,) = cache.describe_cache_subnet_groups(CacheSubnetGroupName=name)["CacheSubnetGroups"]
            return f"{group['CacheSubnetGroupDescription']}, {len(group['Subnets'])} subnets"

        def changed() -> str:
            cache.modify_cache_subnet_group(
                CacheSubnetGroupName=name, CacheSubnetGroupDescription="two", SubnetIds=subnets[:1]
            )
            return described()

        def deleted() -> str:
            cache.delete_cache_subnet_group(CacheSubnetGroupName=name)
            return "deleted"

        return [_answer(changed), _answer(deleted), _answer(described)]

    with_them, without = twice(world, life)
    assert with_them == ["two, 1 subnets", "deleted", "CacheSubnetGroupNotFoundFault"]
    assert without == ["500", "500", "one, 2 subnets"]


def _answer(call: Callable[[], str]) -> str:
    try:
        return call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except ResponseParserError:
        return "500"


def _sum(world: World, dimensions: list[str], start: datetime) -> list[float]:
    names = {"TargetGroup": "targetgroup/web/1", "LoadBalancer": "app/front/1"}
    found = world.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {
                "Id": "count",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/ApplicationELB",
                        "MetricName": "RequestCount",
                        "Dimensions": [{"Name": name, "Value": names[name]} for name in dimensions],
                    },
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
        ],
        StartTime=start,
        EndTime=start + timedelta(minutes=5),
    )
    values: list[float] = found["MetricDataResults"][0]["Values"]
    return values


def test_a_metric_is_found_whatever_the_order_of_its_dimensions_and_the_second_of_the_start(
    world: World,
) -> None:
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    dimensions = [
        {"Name": "TargetGroup", "Value": "targetgroup/web/1"},
        {"Name": "LoadBalancer", "Value": "app/front/1"},
    ]
    world.client("cloudwatch").put_metric_data(
        Namespace="AWS/ApplicationELB",
        MetricData=[
            {"MetricName": "RequestCount", "Dimensions": dimensions, "Timestamp": minute, "Value": 7}
        ],
    )

    def found() -> list[list[float]]:
        return [
            _sum(world, ["TargetGroup", "LoadBalancer"], minute),
            _sum(world, ["LoadBalancer", "TargetGroup"], minute),
            _sum(world, ["TargetGroup", "LoadBalancer"], minute + timedelta(seconds=30)),
        ]

    assert twice(world, found) == ([[7], [7], [7]], [[7], [], []])


def test_a_bucket_that_refuses_all_but_tls_is_open_to_this_machine(world: World) -> None:
    s3, bucket = world.client("s3"), f"bundles-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": LOCATION.region})
    arn = f"arn:aws:s3:::{bucket}"
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [denial]}))

    def put() -> str:
        try:
            s3.put_object(Bucket=bucket, Key="bundles/one", Body=b"1")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "put"

    assert twice(world, put) == ("put", "403")


def test_a_bucket_with_delete_markers_can_be_emptied_once_its_versioning_is_suspended(world: World) -> None:
    s3 = world.client("s3")

    def empty() -> str:
        bucket = f"bundles-{uuid.uuid4().hex}"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": LOCATION.region})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket=bucket, Key="lease/1.json", Body=b"1")
        s3.delete_object(Bucket=bucket, Key="lease/1.json")
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        held = s3.list_object_versions(Bucket=bucket)
        try:
            for version in (*held["Versions"], *held["DeleteMarkers"]):
                s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
            s3.delete_bucket(Bucket=bucket)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "empty"

    assert twice(world, empty) == ("empty", "500")
