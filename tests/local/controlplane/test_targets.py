"""DescribeTargetHealth says what the data plane sees, in AWS's words."""

from __future__ import annotations

from localcloud.faults import Faults
from localcloud.parts import TargetHealth
from tests.local.controlplane.conftest import World

HEALTHY = ("healthy", "")
NOT_IN_USE = ("unused", "Target.NotInUse")


def instance(world: World, subnet: str) -> str:
    run = world.client("ec2").run_instances(
        ImageId="ami-0ef3038e9b73a0746", MinCount=1, MaxCount=1, SubnetId=subnet
    )
    found: str = run["Instances"][0]["InstanceId"]
    return found


def test_a_target_group_that_no_rule_names_is_never_checked(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    group, one = world.target_group(vpc), instance(world, subnets[0])
    world.client("elbv2").register_targets(TargetGroupArn=group, Targets=[{"Id": one}])
    assert world.health(group) == {one: NOT_IN_USE}
    assert world.served_targets(group) == {}
    rule = world.forward(listener, {group: 0})
    assert world.health(group) == {one: HEALTHY}
    world.client("elbv2").delete_rule(RuleArn=rule)
    assert world.health(group) == {one: NOT_IN_USE}


def test_health_is_what_the_data_plane_reports_and_nothing_else(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    group, one = world.target_group(vpc), instance(world, subnets[0])
    world.forward(listener, {group: 1})
    world.client("elbv2").register_targets(TargetGroupArn=group, Targets=[{"Id": one}])
    world.balancer.unwell.add(world.instances.specs[one].address)
    assert world.health(group) == {one: ("unhealthy", "Target.ResponseCodeMismatch")}
    world.balancer.unwell.clear()
    assert world.health(group) == {one: HEALTHY}
    world.balancer.health = lambda _arn: {}  # type: ignore[method-assign]
    assert world.health(group) == {one: ("initial", "Elb.RegistrationInProgress")}


def test_a_deregistered_target_is_shown_as_draining_and_gets_nothing_new(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    group, one = world.target_group(vpc, delay=20), instance(world, subnets[0])
    world.forward(listener, {group: 1})
    elb = world.client("elbv2")
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": one}])
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": one}])
    assert world.health(group) == {one: ("draining", "Target.DeregistrationInProgress")}
    assert world.served_targets(group) == {one: True}
    world.pass_time(5)
    assert world.served_targets(group) == {}
    assert world.health(group) == {one: ("draining", "Target.DeregistrationInProgress")}
    world.pass_time(20)
    assert world.health(group) == {}
    asked = elb.describe_target_health(TargetGroupArn=group, Targets=[{"Id": one}])[
        "TargetHealthDescriptions"
    ]
    assert asked[0]["TargetHealth"]["Reason"] == "Target.NotRegistered"


def test_a_stopped_instance_gets_nothing_and_is_unused(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    group, one = world.target_group(vpc), instance(world, subnets[0])
    world.forward(listener, {group: 1})
    world.client("elbv2").register_targets(TargetGroupArn=group, Targets=[{"Id": one}])
    world.client("ec2").stop_instances(InstanceIds=[one])
    assert world.served_targets(group) == {}
    assert world.health(group) == {one: ("unused", "Target.InvalidState")}


def test_a_target_registered_by_its_private_address_is_the_instance(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    elb, one = world.client("elbv2"), instance(world, subnets[0])
    created = elb.create_target_group(Name="by-ip", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip")
    group = created["TargetGroups"][0]["TargetGroupArn"]
    world.forward(listener, {group: 1})
    found = world.client("ec2").describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": found["PrivateIpAddress"]}])
    assert found["PrivateIpAddress"].startswith("10.20.")
    assert world.served_targets(group) == {one: False}


def test_slow_healthy_keeps_a_new_target_out_until_its_time(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    group, one = world.target_group(vpc), instance(world, subnets[0])
    world.forward(listener, {group: 1})
    world.board.change(Faults(slow_healthy=20))
    world.client("elbv2").register_targets(TargetGroupArn=group, Targets=[{"Id": one}])
    world.pass_time(19)
    assert world.health(group) == {one: ("initial", "Elb.RegistrationInProgress")}
    assert world.served_targets(group) == {}
    world.pass_time(2)
    assert world.health(group) == {one: HEALTHY}


def test_health_comes_with_the_port_that_is_checked(world: World) -> None:
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    group, one = world.target_group(vpc), instance(world, subnets[0])
    world.forward(listener, {group: 1})
    elb = world.client("elbv2")
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": one, "Port": 9000}])
    found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"][0]
    assert (found["Target"]["Port"], found["HealthCheckPort"]) == (9000, "9000")
    assert [target.port for target in world.balancer.state[0].target_groups[0].targets] == [9000]


def test_the_words_for_health_are_those_of_the_api_model(world: World) -> None:
    model = world.client("elbv2").meta.service_model
    states = set(model.shape_for("TargetHealthStateEnum").enum)
    assert {"initial", "healthy", "unhealthy", "unused", "draining"} <= states
    from localcloud.controlplane import targets

    used = [value for value in vars(targets).values() if isinstance(value, TargetHealth)]
    assert len(used) == 4
    assert {health.reason for health in used} <= set(model.shape_for("TargetHealthReasonEnum").enum)
