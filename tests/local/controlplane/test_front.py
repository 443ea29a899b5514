"""Faults of the API, seen by AWS's own SDK."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from localcloud.faults import ApiFault, Faults
from tests.local.controlplane.conftest import World

CALLS = {
    "elbv2": ("describe_load_balancers", "Throttling"),
    "autoscaling": ("describe_auto_scaling_groups", "Throttling"),
    "iam": ("list_roles", "Throttling"),
    "sts": ("get_caller_identity", "Throttling"),
    "ec2": ("describe_vpcs", "RequestLimitExceeded"),
    "s3": ("list_buckets", "SlowDown"),
    "ssm": ("describe_parameters", "ThrottlingException"),
    "cloudwatch": ("describe_alarms", "ThrottlingException"),
}


def call(world: World, service: str) -> Any:
    return getattr(world.client(service), CALLS[service][0])()


@pytest.mark.parametrize("service", CALLS)
def test_a_throttled_call_is_understood_by_the_sdk_as_throttled(world: World, service: str) -> None:
    world.board.change(Faults(api_throttle=(ApiFault(1.0),)))
    with pytest.raises(ClientError) as refused:
        call(world, service)
    assert refused.value.response["Error"]["Code"] == CALLS[service][1]
    from botocore.retries.standard import RetryContext, ThrottledRetryableChecker

    seen = RetryContext(
        1,
        parsed_response=refused.value.response,
        operation_model=None,
        http_response=None,
        caught_exception=None,
    )
    assert ThrottledRetryableChecker().is_retryable(seen)


@pytest.mark.parametrize("service", CALLS)
def test_a_failed_call_is_a_5xx_that_the_sdk_retries(world: World, service: str) -> None:
    world.board.change(Faults(api_error=(ApiFault(1.0),)))
    with pytest.raises(ClientError) as refused:
        call(world, service)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    world.board.change(Faults())
    call(world, service)


def test_only_the_service_and_action_that_are_named_are_throttled(world: World) -> None:
    world.board.change(Faults(api_throttle=(ApiFault(1.0, "elasticloadbalancing", "DescribeRules"),)))
    call(world, "elbv2")
    call(world, "ec2")
    with pytest.raises(ClientError, match="Throttling"):
        world.client("elbv2").describe_rules(RuleArns=["arn:aws:none"])


def test_a_rate_strikes_at_its_rate_and_the_same_seed_strikes_the_same_calls(world: World) -> None:
    def struck() -> list[bool]:
        world.board.change(Faults())
        world.board.change(Faults(api_throttle=(ApiFault(0.1),), seed=7))
        return [
            world.board.strikes(world.board.faults.api_throttle, "ec2", "RunInstances") for _ in range(2000)
        ]

    first = struck()
    assert 140 < sum(first) < 260
    assert struck() == first
    assert any("seed 7" in line for line in world.log)


def test_a_throttled_call_changes_nothing(world: World) -> None:
    _, subnets = world.network()
    world.board.change(Faults(api_throttle=(ApiFault(1.0, "elasticloadbalancing"),)))
    with pytest.raises(ClientError, match="Throttling"):
        world.client("elbv2").create_load_balancer(Name="front", Subnets=subnets)
    world.board.change(Faults())
    assert world.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


def test_an_unreachable_api_closes_the_connection(world: World) -> None:
    world.board.change(Faults(api_unreachable=True))
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        call(world, "elbv2")
    world.board.change(Faults())
    call(world, "elbv2")


def test_another_region_is_refused_with_the_way_back(world: World) -> None:
    elsewhere = boto3.client(
        "elbv2",
        endpoint_url=world.endpoint,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError, match="eu-west-1"):
        elsewhere.describe_load_balancers()


@pytest.fixture
def bucket(world: World) -> str:
    name = f"bundles-{uuid.uuid4().hex[:8]}"
    world.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return name


def test_of_many_conditional_writes_exactly_one_wins(world: World, bucket: str) -> None:
    s3 = world.client("s3")

    def write(key: str, number: int) -> str:
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=str(number).encode() * 5000, IfNoneMatch="*")
        except ClientError as refused:
            return str(refused.response["Error"]["Code"])
        return "won"

    with ThreadPoolExecutor(8) as threads:
        tries = [(f"lease/{n}", number) for n in range(15) for number in range(8)]
        outcomes = Counter(
            zip((key for key, _ in tries), threads.map(write, *zip(*tries, strict=True)), strict=True)
        )
    assert outcomes == Counter(
        {
            (f"lease/{n}", end): number
            for n in range(15)
            for end, number in (("won", 1), ("PreconditionFailed", 7))
        }
    )


def test_a_large_object_that_exists_is_not_overwritten_by_parts(world: World, bucket: str) -> None:
    s3 = world.client("s3")
    s3.put_object(Bucket=bucket, Key="one", Body=b"first")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="one")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="one", UploadId=upload, PartNumber=1, Body=b"second")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.complete_multipart_upload(
            Bucket=bucket,
            Key="one",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
            IfNoneMatch="*",
        )
    assert s3.get_object(Bucket=bucket, Key="one")["Body"].read() == b"first"


@pytest.mark.parametrize("processor", ["x86_64", "arm64"])
def test_the_image_of_amazon_linux_2023_is_found_by_its_public_parameter(
    world: World, processor: str
) -> None:
    name = f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{processor}"
    image = world.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    found = world.client("ec2").describe_images(ImageIds=[image])["Images"]
    assert [one["Architecture"] for one in found] == [processor]


def test_a_service_that_names_its_calls_by_method_and_path_is_throttled_by_their_names(world: World) -> None:
    scheduler = world.client("scheduler")
    world.board.change(Faults(api_throttle=(ApiFault(1.0, "scheduler", "ListSchedules"),)))
    with pytest.raises(ClientError, match="ThrottlingException"):
        scheduler.list_schedules()
    assert scheduler.list_schedule_groups()["ScheduleGroups"]
    world.board.change(Faults(api_error=(ApiFault(1.0, "scheduler", "DeleteSchedule"),)))
    with pytest.raises(ClientError, match="InternalFailure"):
        scheduler.delete_schedule(Name="tick")
