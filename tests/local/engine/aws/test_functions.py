"""The functions that the program calls, against what AWS says."""

from __future__ import annotations

import json

import pytest

from tests.local.engine.aws.aws_side import ACCOUNT, REGION, AwsSide
from tests.local.engine.aws.bridge_process import BridgeProcess, Rejected

pytestmark = pytest.mark.xdist_group("aws-bridge")


def test_availability_zones(bridge: BridgeProcess) -> None:
    found = bridge.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"})
    assert found["names"] == [f"{REGION}{letter}" for letter in "abc"]


def test_the_caller_the_region_and_the_partition(bridge: BridgeProcess) -> None:
    caller = bridge.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert caller["accountId"] == ACCOUNT
    assert bridge.invoke("aws:index/getRegion:getRegion", {})["region"] == REGION
    partition = bridge.invoke("aws:index/getPartition:getPartition", {})
    assert (partition["partition"], partition["dnsSuffix"]) == ("aws", "amazonaws.com")


def test_a_parameter_is_secret(bridge: BridgeProcess, aws: AwsSide) -> None:
    aws.ssm.put_parameter(Name="/read/me", Value="ami-1", Type="String")
    found = bridge.invoke("aws:ssm/getParameter:getParameter", {"name": "/read/me"})
    assert found["value"] == "ami-1"
    assert found["region"] == REGION


def test_a_missing_parameter_is_told_by_name(bridge: BridgeProcess) -> None:
    with pytest.raises(Exception, match="/not/there"):
        bridge.invoke("aws:ssm/getParameter:getParameter", {"name": "/not/there"})


def test_an_image(bridge: BridgeProcess, aws: AwsSide) -> None:
    arguments = {"owners": ["amazon"], "filters": [{"name": "image-id", "values": [aws.image]}]}
    assert bridge.invoke("aws:ec2/getAmi:getAmi", arguments)["imageId"] == aws.image


def test_a_policy_document(bridge: BridgeProcess) -> None:
    statement = {
        "actions": ["sts:AssumeRole"],
        "principals": [{"type": "Service", "identifiers": ["ec2.amazonaws.com"]}],
    }
    token = "aws:iam/getPolicyDocument:getPolicyDocument"
    document = json.loads(bridge.invoke(token, {"statements": [statement]})["json"])
    assert document["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_an_argument_that_the_provider_lacks_is_refused_by_name(bridge: BridgeProcess) -> None:
    with pytest.raises(Rejected) as rejected:
        bridge.invoke("aws:index/getPartition:getPartition", {"colour": "red"})
    assert list(rejected.value.failures) == ["colour"]


def test_a_function_outside_the_table_is_named(bridge: BridgeProcess) -> None:
    with pytest.raises(Exception, match="getBillingServiceAccount"):
        bridge.invoke("aws:index/getBillingServiceAccount:getBillingServiceAccount", {})
