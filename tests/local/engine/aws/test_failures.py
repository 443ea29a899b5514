"""What a user sees when it goes wrong, and what the engine then knows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from localcloud.engine.aws import binary
from localcloud.engine.aws.values import from_struct
from tests.local.engine.aws.aws_side import REGION, AwsSide
from tests.local.engine.aws.bridge_process import SECRET, BridgeProcess, Rejected, Resource
from tests.local.engine.aws.throttling import Door
from tests.local.engine.aws.waiting import until

pytestmark = pytest.mark.xdist_group("aws-bridge")

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
VPC = "aws:ec2/vpc:Vpc"
GROUP = "aws:autoscaling/group:Group"


@pytest.fixture
def own_bridge(provider: binary.TerraformProvider, aws: AwsSide) -> Iterator[BridgeProcess]:
    process = BridgeProcess(aws.environ)
    yield process
    process.close()


def refusal(call: Any, *arguments: Any, **named: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **named)
    text = caught.value.details()
    assert "Traceback" not in text
    assert 'File "' not in text
    return caught.value


def left_behind(error: grpc.RpcError) -> provider_pb2.ErrorResourceInitFailed:
    """What the engine will record of a resource that was not finished."""
    trailing = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    packed: any_pb2.Any = status.details[0]
    assert packed.Unpack(detail)
    return detail


def test_a_half_made_resource_is_recorded_and_mended_later(bridge: BridgeProcess, aws: AwsSide) -> None:
    inputs = {"name": "half-made", "subnets": aws.subnets, "idleTimeout": 30}
    error = refusal(bridge.create, BALANCER, "main", inputs, timeout=2)
    assert error.details().startswith("main: ")
    assert "timeout while waiting" in error.details()
    left = left_behind(error)
    assert left.refresh_before_update
    assert list(left.reasons) == [error.details()]
    recorded = Resource(BALANCER, "main", left.id, from_struct(left.inputs), left.properties)
    aws.elb.modify_load_balancer_attributes(
        LoadBalancerArn=left.id, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "77"}]
    )
    refreshed = bridge.read(recorded)
    diff = bridge.diff(refreshed, inputs)
    assert list(diff.diffs) == ["idleTimeout"]
    assert not diff.replaces
    bridge.delete(refreshed)


def test_cancel_ends_a_running_operation_and_keeps_what_it_made(
    own_bridge: BridgeProcess, aws: AwsSide
) -> None:
    own_bridge.configure()
    caught: list[grpc.RpcError] = []
    creating = threading.Thread(
        target=lambda: caught.append(
            refusal(own_bridge.create, BALANCER, "main", {"name": "cancelled", "subnets": aws.subnets})
        )
    )
    creating.start()

    def made() -> bool:
        names = [found["LoadBalancerName"] for found in aws.elb.describe_load_balancers()["LoadBalancers"]]
        return "cancelled" in names

    until(made, 10, "the load balancer")
    own_bridge.stub.Cancel(provider_pb2.google_dot_protobuf_dot_empty__pb2.Empty())
    creating.join(10)
    assert not creating.is_alive(), "the operation went on after the cancel"
    left = left_behind(caught[0])
    assert "canceled" in left.reasons[0]
    assert left.id.startswith("arn:aws:elasticloadbalancing")
    vpc = own_bridge.create(VPC, "after", {"cidrBlock": "10.77.0.0/16"})
    own_bridge.delete(vpc)
    own_bridge.delete(Resource(BALANCER, "main", left.id, {}, left.properties))


def test_an_error_of_aws_is_told_with_the_resource_and_without_a_stack_trace(
    bridge: BridgeProcess, aws: AwsSide
) -> None:
    gone = {"vpcId": "vpc-00000000", "cidrBlock": "10.0.0.0/24"}
    error = refusal(bridge.create, "aws:ec2/subnet:Subnet", "lost", gone)
    assert error.details().startswith("lost: creating EC2 Subnet")
    assert "vpc-00000000" in error.details()
    assert not dict(error.trailing_metadata()).get("grpc-status-details-bin"), "nothing was made"


@pytest.mark.parametrize(
    ("type", "inputs", "property"),
    [
        ("aws:lb/listenerRule:ListenerRule", {"transforms": []}, "transforms"),
        (
            "aws:lb/listenerRule:ListenerRule",
            {"actions": [{"type": "x", "jwtValidation": {}}]},
            "actions[0].jwtValidation",
        ),
        ("aws:scheduler/schedule:Schedule", {"actionAfterCompletion": "DELETE"}, "actionAfterCompletion"),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            {"deletionProtectionEnabled": True},
            "deletionProtectionEnabled",
        ),
        (VPC, {"cidrBlock": "10.0.0.0/16", "region": "us-east-1"}, "region"),
    ],
)
def test_what_the_provider_cannot_do_is_refused_by_name(
    type: str,
    inputs: dict[str, Any],
    property: str,
    bridge: BridgeProcess,
    provider: binary.TerraformProvider,
) -> None:
    with pytest.raises(Rejected) as rejected:
        bridge.check(type, "new", inputs)
    if provider.version.startswith("5."):
        assert provider.version in rejected.value.failures[property]


def test_the_providers_own_region_is_accepted(bridge: BridgeProcess) -> None:
    vpc = bridge.create(VPC, "here", {"cidrBlock": "10.78.0.0/16", "region": REGION})
    assert vpc.properties["region"] == REGION
    assert bridge.diff(vpc, {"cidrBlock": "10.78.0.0/16", "region": REGION}).changes == 1
    bridge.delete(vpc)


def test_wrong_values_are_found_before_anything_is_made(bridge: BridgeProcess) -> None:
    with pytest.raises(Rejected) as rejected:
        bridge.check(TARGETS, "new", {"healthCheck": {"interval": 1}})
    assert list(rejected.value.failures) == ["healthCheck.interval"]


def test_a_type_outside_the_table_is_named_with_the_remedy(bridge: BridgeProcess) -> None:
    error = refusal(bridge.check, "aws:route53/zone:Zone", "zone", {})
    assert "aws:route53/zone:Zone" in error.details()
    assert "tokens.py" in error.details()


def test_the_wrong_account_is_refused(own_bridge: BridgeProcess) -> None:
    error = refusal(own_bridge.configure, {"allowedAccountIds": '["999999999999"]'})
    assert "123456789012" in error.details()


def test_throttled_calls_are_tried_again_until_they_pass(
    provider: binary.TerraformProvider, aws: AwsSide
) -> None:
    refusals = {"CreateTargetGroup": 2, "DescribeTargetGroups": 1, "ModifyTargetGroupAttributes": 1}
    left = dict(refusals)

    def refuses(action: str) -> bool:
        left[action] = left.get(action, 0) - 1
        return left[action] >= 0

    door = Door(aws.endpoint, refuses)
    bridge = BridgeProcess(aws.environ | {"AWS_ENDPOINT_URL": door.endpoint})
    bridge.configure()
    inputs = {"port": 8080, "protocol": "HTTP", "vpcId": aws.vpc}
    made = bridge.create(TARGETS, "patient", inputs)
    assert Counter(door.refused) == refusals
    assert bridge.diff(made, inputs).changes == 1
    bridge.delete(made)
    bridge.close()
    door.close()


def test_the_number_of_tries_can_be_set(provider: binary.TerraformProvider, aws: AwsSide) -> None:
    door = Door(aws.endpoint, lambda action: action == "CreateTargetGroup")
    bridge = BridgeProcess(aws.environ | {"AWS_ENDPOINT_URL": door.endpoint})
    bridge.configure({"maxRetries": "2"})
    inputs = {"port": 8080, "protocol": "HTTP", "vpcId": aws.vpc}
    error = refusal(bridge.create, TARGETS, "hurried", inputs)
    assert "Throttling" in error.details()
    assert door.refused == ["CreateTargetGroup"] * 2
    bridge.close()
    door.close()


def test_secret_outputs_are_marked_for_the_engine(bridge: BridgeProcess) -> None:
    inputs = {"name": "/secret/one", "type": "SecureString", "value": "hush"}
    parameter = bridge.create("aws:ssm/parameter:Parameter", "hush", inputs)
    value = parameter.outputs.fields["value"].struct_value.fields
    assert {name: value[name].string_value for name in SECRET} == SECRET
    assert value["value"].string_value == "hush"
    bridge.delete(parameter)


def test_the_number_of_instances_that_auto_scaling_chose_is_left_alone(
    bridge: BridgeProcess, aws: AwsSide
) -> None:
    inputs = {
        "minSize": 0,
        "maxSize": 4,
        "desiredCapacity": 1,
        "vpcZoneIdentifiers": aws.subnets,
        "launchTemplate": {"id": aws.template, "version": "$Latest"},
        "waitForCapacityTimeout": "0",
    }
    group = bridge.create(GROUP, "scaled", inputs)

    def capacity() -> int:
        found = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group.id])
        return int(found["AutoScalingGroups"][0]["DesiredCapacity"])

    aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName=group.id, DesiredCapacity=3)
    ignore = ("desiredCapacity",)
    assert bridge.diff(group, inputs, ignore).changes == 1
    unrefreshed = bridge.update(group, inputs | {"maxSize": 5}, ignore)
    assert capacity() == 3
    refreshed = bridge.read(unrefreshed)
    assert refreshed.properties["desiredCapacity"] == 3
    wanted = inputs | {"maxSize": 5}
    assert list(bridge.diff(refreshed, wanted).diffs) == ["desiredCapacity"]
    assert bridge.diff(refreshed, wanted, ignore).changes == 1
    updated = bridge.update(refreshed, wanted | {"maxSize": 6}, ignore)
    assert capacity() == 3
    assert updated.properties["maxSize"] == 6
    bridge.delete(updated)


def test_a_state_of_an_older_provider_is_brought_up_to_date(bridge: BridgeProcess, aws: AwsSide) -> None:
    inputs = {"cidrBlock": "10.79.0.0/16", "tags": {"Name": "old"}}
    vpc = bridge.create(VPC, "old", inputs)
    meta = vpc.outputs.fields["__meta"]
    assert '"schema_version": 1' in meta.string_value
    meta.string_value = meta.string_value.replace('"schema_version": 1', '"schema_version": 0')
    assert bridge.diff(vpc, inputs).changes == 1
    updated = bridge.update(vpc, inputs | {"tags": {"Name": "new"}})
    assert '"schema_version": 1' in updated.outputs.fields["__meta"].string_value
    assert bridge.read(updated).id == vpc.id
    bridge.delete(updated)


def test_a_fixed_name_is_freed_before_the_replacement_takes_it(bridge: BridgeProcess, aws: AwsSide) -> None:
    inputs = {"port": 8080, "protocol": "HTTP", "vpcId": aws.vpc}
    fixed = bridge.create(TARGETS, "fixed", inputs | {"name": "fixed"})
    assert bridge.diff(fixed, inputs | {"name": "fixed", "port": 9090}).deleteBeforeReplace
    automatic = bridge.create(TARGETS, "automatic", inputs)
    diff = bridge.diff(automatic, inputs | {"port": 9090})
    assert list(diff.replaces) == ["port"]
    assert not diff.deleteBeforeReplace
    bridge.delete(fixed)
    bridge.delete(automatic)


def test_a_resource_that_does_not_exist_cannot_be_imported(bridge: BridgeProcess) -> None:
    assert bridge.import_(VPC, "nowhere", "vpc-00000000").id == ""
