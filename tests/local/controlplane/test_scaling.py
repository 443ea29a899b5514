"""Auto-scaling groups, asked for through AWS's API, carried out on machines and the data plane."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.local.controlplane.conftest import World


@pytest.fixture
def fleet(world: World) -> tuple[World, str]:
    """A group of two behind a load balancer, and its target group."""
    vpc, subnets = world.network()
    _, listener = world.balancer_with_listener(subnets)
    group = world.target_group(vpc)
    world.forward(listener, {group: 100})
    world.fleet(subnets, [group], HealthCheckType="ELB", HealthCheckGracePeriod=60)
    return world, group


def test_new_instances_run_the_user_data_of_the_template_and_are_targets_at_once(
    fleet: tuple[World, str],
) -> None:
    world, group = fleet
    assert list(world.members().values()) == ["InService", "InService"]
    assert set(world.served_targets(group)) == set(world.members())
    for instance_id, spec in world.instances.specs.items():
        assert spec.user_data == b"#cloud-config\n"
        assert spec.tags["Name"] == "web"
        assert spec.tags["aws:autoscaling:groupName"] == "web"
        assert spec.credentials_env["AWS_ENDPOINT_URL"] == world.endpoint
        assert spec.address != world.endpoint
        assert instance_id in world.members()


def test_instances_are_spread_over_the_subnets(fleet: tuple[World, str]) -> None:
    world, _ = fleet
    found = world.client("ec2").describe_instances(InstanceIds=list(world.members()))
    instances = [instance for held in found["Reservations"] for instance in held["Instances"]]
    assert len({instance["SubnetId"] for instance in instances}) == 2
    assert {instance["State"]["Name"] for instance in instances} == {"running"}


def test_a_dead_machine_is_taken_out_and_replaced_in_one_tick(fleet: tuple[World, str]) -> None:
    world, group = fleet
    dead, alive = world.members()
    world.instances.states[dead] = "gone"
    world.plane.tick()
    serving = [instance for instance, draining in world.served_targets(group).items() if not draining]
    assert dead not in serving
    assert len(serving) == 2
    assert alive in world.members()
    world.plane.tick()
    assert dead not in world.members()
    assert dead not in world.served_targets(group)
    found = world.client("ec2").describe_instances(InstanceIds=[dead])["Reservations"][0]["Instances"][0]
    assert found["State"]["Name"] == "terminated"


def test_scaling_in_drains_before_it_ends_the_machine(fleet: tuple[World, str]) -> None:
    world, group = fleet
    oldest = next(iter(world.members()))
    address = world.instances.specs[oldest].address
    world.balancer.active[address] = 1
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="web", MinSize=1, DesiredCapacity=1
    )
    assert world.members()[oldest] == "Terminating"
    assert world.served_targets(group)[oldest] is True
    assert world.health(group)[oldest] == ("draining", "Target.DeregistrationInProgress")
    world.pass_time(10)
    assert world.instances.told == []
    world.balancer.active[address] = 0
    world.pass_time(2)
    assert world.instances.told == [("terminate", oldest)]
    world.plane.tick()
    assert list(world.members().values()) == ["InService"]


def test_a_request_that_never_ends_keeps_the_machine_no_longer_than_the_delay(
    fleet: tuple[World, str],
) -> None:
    world, _ = fleet
    oldest = next(iter(world.members()))
    world.balancer.active[world.instances.specs[oldest].address] = 1
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="web", MinSize=1, DesiredCapacity=1
    )
    world.pass_time(29)
    assert world.instances.told == []
    world.pass_time(2)
    assert world.instances.told == [("terminate", oldest)]


def test_a_machine_that_finishes_its_requests_stays_in_the_group_until_it_has_ended(
    fleet: tuple[World, str],
) -> None:
    world, _ = fleet
    world.instances.lingering = True
    oldest = next(iter(world.members()))
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="web", MinSize=1, DesiredCapacity=1
    )
    world.pass_time(2)
    assert world.members()[oldest] == "Terminating"
    states = world.client("ec2").describe_instances(InstanceIds=[oldest])["Reservations"][0]["Instances"]
    assert states[0]["State"]["Name"] == "shutting-down"
    world.instances.states[oldest] = "gone"
    world.pass_time(0.2)
    assert oldest not in world.members()


def test_an_unhealthy_target_is_replaced_after_the_grace_period_and_not_before(
    fleet: tuple[World, str],
) -> None:
    world, group = fleet
    unwell = next(iter(world.members()))
    world.balancer.unwell.add(world.instances.specs[unwell].address)
    world.pass_time(50)
    assert world.members()[unwell] == "InService"
    world.pass_time(15)
    assert world.members()[unwell] == "Terminating"
    assert list(world.members().values()).count("InService") == 2
    assert len([draining for draining in world.served_targets(group).values() if not draining]) == 2


def test_deleting_a_group_that_has_instances_is_refused_unless_forced(fleet: tuple[World, str]) -> None:
    world, _ = fleet
    scaling = world.client("autoscaling")
    with pytest.raises(ClientError, match="ResourceInUse"):
        scaling.delete_auto_scaling_group(AutoScalingGroupName="web")
    instances = set(world.members())
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    world.pass_time(2)
    world.plane.tick()
    assert world.members() == {}
    assert set(world.instances.told) == {("terminate", instance) for instance in instances}
    assert scaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_a_group_that_is_scaled_to_nothing_ends_its_machines_and_can_be_deleted(
    fleet: tuple[World, str],
) -> None:
    world, _ = fleet
    scaling = world.client("autoscaling")
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=0, MaxSize=0, DesiredCapacity=0)
    world.pass_time(2)
    world.plane.tick()
    assert set(world.instances.states.values()) == {"gone"}
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web")
    assert scaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_an_instance_of_a_group_that_ec2_terminates_is_replaced(fleet: tuple[World, str]) -> None:
    world, _ = fleet
    ended = next(iter(world.members()))
    world.client("ec2").terminate_instances(InstanceIds=[ended])
    assert ("terminate", ended) in world.instances.told
    world.plane.tick()
    assert ended not in world.members()
    assert list(world.members().values()) == ["InService", "InService"]


def test_an_instance_that_is_terminated_through_the_group_drains_first(fleet: tuple[World, str]) -> None:
    world, group = fleet
    ended = next(iter(world.members()))
    world.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=ended, ShouldDecrementDesiredCapacity=False
    )
    assert world.served_targets(group)[ended] is True
    assert world.instances.told == []
    world.pass_time(2)
    world.plane.tick()
    assert ended not in world.members()
    assert len(world.members()) == 2


def test_a_capacity_outside_of_the_limits_is_refused(fleet: tuple[World, str]) -> None:
    world, _ = fleet
    with pytest.raises(ClientError, match="ValidationError"):
        world.client("autoscaling").set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=5)
    assert len(world.members()) == 2


def test_a_target_group_that_is_deleted_before_its_group_does_not_keep_the_machines(world: World) -> None:
    vpc, subnets = world.network()
    group = world.target_group(vpc)
    world.fleet(subnets, [group])
    world.client("elbv2").delete_target_group(TargetGroupArn=group)
    world.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    world.pass_time(1)
    world.plane.tick()
    assert world.members() == {}


def test_an_instance_by_hand_is_launched_stopped_started_and_terminated(world: World) -> None:
    ec2 = world.client("ec2")
    _, subnets = world.network()
    run = ec2.run_instances(
        ImageId="ami-0ef3038e9b73a0746", MinCount=1, MaxCount=1, SubnetId=subnets[0], UserData="hello"
    )
    one = run["Instances"][0]["InstanceId"]
    assert world.instances.specs[one].user_data == b"hello"
    ec2.stop_instances(InstanceIds=[one])
    ec2.start_instances(InstanceIds=[one])
    ec2.terminate_instances(InstanceIds=[one])
    world.plane.tick()
    assert world.instances.told == [("stop", one), ("boot", one), ("terminate", one)]
    state = ec2.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]["State"]["Name"]
    assert state == "terminated"
