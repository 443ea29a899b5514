"""Scheduled actions of auto-scaling groups, by AWS's API and a clock that the test holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.controlplane.conftest import World

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Hours:
    """Two groups, `web` and `worker`, at noon."""

    def __init__(self, world: World) -> None:
        self.world, self.now = world, NOON
        world.plane.scheduled_actions.wall = lambda: self.now
        _, subnets = world.network()
        for name in ("web", "worker"):
            world.fleet(subnets, [], AutoScalingGroupName=name)

    def put(self, group: str, minutes: int, **words: Any) -> None:
        given = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0, **words}
        self.world.client("autoscaling").put_scheduled_update_group_action(
            AutoScalingGroupName=group,
            ScheduledActionName="shrink",
            StartTime=NOON + timedelta(minutes=minutes),
            **given,
        )

    def actions(self, group: str) -> list[datetime]:
        found = self.world.client("autoscaling").describe_scheduled_actions(AutoScalingGroupName=group)
        return [action["StartTime"] for action in found["ScheduledUpdateGroupActions"]]

    def wait(self, minutes: int) -> None:
        self.now = NOON + timedelta(minutes=minutes)
        self.world.plane.look()
        self.world.pass_time(2)
        self.world.plane.tick()

    def size(self, group: str) -> tuple[int, int, int]:
        found = self.world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
        one = found["AutoScalingGroups"][0]
        return one["MinSize"], one["MaxSize"], len(one["Instances"])


@pytest.fixture
def hours(world: World) -> Hours:
    return Hours(world)


def test_a_group_shrinks_at_its_time_and_not_before_and_the_action_is_gone_then(hours: Hours) -> None:
    hours.put("web", 60)
    hours.put("worker", 90)
    hours.wait(59)
    assert hours.size("web") == (2, 4, 2)
    assert hours.actions("web") == [NOON + timedelta(minutes=60)]
    hours.wait(60)
    assert (hours.size("web"), hours.actions("web")) == ((0, 0, 0), [])
    assert hours.size("worker") == (2, 4, 2)
    hours.wait(90)
    assert (hours.size("worker"), hours.actions("worker")) == ((0, 0, 0), [])


def test_an_action_that_was_deleted_never_comes(hours: Hours) -> None:
    hours.put("web", 60)
    hours.put("worker", 60)
    scaling = hours.world.client("autoscaling")
    scaling.delete_scheduled_action(AutoScalingGroupName="web", ScheduledActionName="shrink")
    with pytest.raises(ClientError, match="Scheduled action name not found"):
        scaling.delete_scheduled_action(AutoScalingGroupName="web", ScheduledActionName="shrink")
    hours.wait(61)
    assert (hours.size("web"), hours.size("worker")) == ((2, 4, 2), (0, 0, 0))


def test_another_time_takes_the_place_of_the_first_and_what_is_not_said_stays(hours: Hours) -> None:
    hours.put("web", 60)
    hours.put("web", 120, MinSize=1, DesiredCapacity=1, MaxSize=3)
    hours.wait(60)
    assert hours.size("web") == (2, 4, 2)
    hours.wait(120)
    assert hours.size("web") == (1, 3, 1)


def test_a_time_that_has_passed_and_a_group_that_is_not_there_are_refused(hours: Hours) -> None:
    with pytest.raises(ClientError, match="in the past"):
        hours.put("web", -1)
    with pytest.raises(ClientError, match="not found"):
        hours.put("nobody", 60)


def test_the_actions_of_a_group_go_with_it(hours: Hours) -> None:
    hours.put("web", 60)
    hours.world.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    hours.wait(10)
    assert hours.actions("web") == []
