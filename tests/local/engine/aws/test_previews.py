"""What a preview tells while much is not known yet."""

from __future__ import annotations

import pytest

from localcloud.engine.aws.unknown import UNKNOWN
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import BridgeProcess

pytestmark = pytest.mark.xdist_group("aws-bridge")

RULE = "aws:lb/listenerRule:ListenerRule"


def test_a_resource_on_others_that_do_not_exist_yet(bridge: BridgeProcess) -> None:
    inputs = {"vpcId": UNKNOWN, "cidrBlock": "10.0.1.0/24", "tags": {"Name": UNKNOWN}}
    outputs = bridge.preview_create("aws:ec2/subnet:Subnet", "later", inputs)
    assert outputs["id"] is UNKNOWN
    assert outputs["vpcId"] is UNKNOWN
    assert outputs["cidrBlock"] == "10.0.1.0/24"


def test_blocks_with_unknown_parts_and_unknown_blocks(bridge: BridgeProcess) -> None:
    groups = [{"arn": UNKNOWN, "weight": 100}, {"arn": UNKNOWN, "weight": 0}]
    inputs = {
        "listenerArn": UNKNOWN,
        "priority": 10,
        "actions": [{"type": "forward", "forward": {"targetGroups": groups}}],
        "conditions": UNKNOWN,
    }
    outputs = bridge.preview_create(RULE, "later", inputs)
    assert outputs["arn"] is UNKNOWN
    assert outputs["priority"] == 10


def test_an_unknown_value_for_a_known_one_is_an_update(bridge: BridgeProcess, aws: AwsSide) -> None:
    inputs = {"port": 8080, "protocol": "HTTP", "vpcId": aws.vpc, "deregistrationDelay": 5}
    group = bridge.create("aws:lb/targetGroup:TargetGroup", "previewed", inputs)
    unknown = inputs | {"deregistrationDelay": UNKNOWN}
    diff = bridge.diff(group, unknown)
    assert list(diff.diffs) == ["deregistrationDelay"]
    assert not diff.replaces
    outputs = bridge.update(group, unknown, preview=True).properties
    assert outputs["deregistrationDelay"] is UNKNOWN
    assert outputs["arn"] == group.properties["arn"]
    replacing = bridge.diff(group, inputs | {"vpcId": UNKNOWN})
    assert list(replacing.replaces) == ["vpcId"]
    bridge.delete(group)
