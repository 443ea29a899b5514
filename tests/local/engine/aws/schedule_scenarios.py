"""Scenarios of what happens by the clock: schedules with their group, and a scaling group's hours."""

from __future__ import annotations

from typing import Any

from tests.local.engine.aws.asking import first, gone_is_none
from tests.local.engine.aws.aws_side import ACCOUNT, REGION, AwsSide
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Inputs, Scenario


def _group(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.scheduler.get_schedule_group(Name=resource.id))
    if not found:
        return None
    tags = aws.scheduler.list_tags_for_resource(ResourceArn=found["Arn"])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def _tag_group(aws: AwsSide, resource: Resource) -> None:
    found = aws.scheduler.get_schedule_group(Name=resource.id)
    aws.scheduler.tag_resource(ResourceArn=found["Arn"], Tags=[{"Key": "one", "Value": "by hand"}])


def _schedule(aws: AwsSide, resource: Resource) -> Any:
    group, _, name = resource.id.partition("/")
    found = gone_is_none(lambda: aws.scheduler.get_schedule(GroupName=group, Name=name))
    return found and found["ScheduleExpression"]


def _nightly(aws: AwsSide) -> Inputs:
    aws.scheduler.create_schedule_group(Name="shared")
    return {
        "groupName": "shared",
        "scheduleExpression": "cron(0 3 * * ? *)",
        "scheduleExpressionTimezone": "Europe/Amsterdam",
        "flexibleTimeWindow": {"mode": "OFF"},
        "state": "DISABLED",
        "target": {
            "arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs",
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
            "input": '{"do": "nightly"}',
            "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 600},
        },
    }


def _reschedule(aws: AwsSide, resource: Resource) -> None:
    group, _, name = resource.id.partition("/")
    found = aws.scheduler.get_schedule(GroupName=group, Name=name)
    kept = ("GroupName", "Name", "FlexibleTimeWindow", "ScheduleExpressionTimezone", "State", "Target")
    aws.scheduler.update_schedule(
        ScheduleExpression="rate(1 hour)", **{field: found[field] for field in kept}
    )


def _hours(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(
        lambda: aws.autoscaling.describe_scheduled_actions(
            AutoScalingGroupName="shared", ScheduledActionNames=["night"]
        )["ScheduledUpdateGroupActions"]
    )
    return first([action["MaxSize"] for action in found or []])


def _rest(aws: AwsSide, resource: Resource) -> None:
    aws.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName="shared",
        ScheduledActionName="night",
        Recurrence="0 3 * * *",
        MaxSize=0,
        MinSize=0,
    )


def _end(aws: AwsSide, resource: Resource) -> Any:
    return first(
        [
            (action["StartTime"].isoformat(), action["MinSize"], action["MaxSize"], action["DesiredCapacity"])
            for action in aws.autoscaling.describe_scheduled_actions(
                AutoScalingGroupName="shared", ScheduledActionNames=["shrink"]
            )["ScheduledUpdateGroupActions"]
        ]
    )


def _put_off(aws: AwsSide, resource: Resource) -> None:
    aws.autoscaling.put_scheduled_update_group_action(
        AutoScalingGroupName="shared",
        ScheduledActionName="shrink",
        StartTime="2099-03-01T00:00:00Z",
        MinSize=0,
        MaxSize=0,
        DesiredCapacity=0,
    )


SCENARIOS = (
    Scenario(
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        lambda aws: {"namePrefix": "demo-dev-", "tags": {"one": "1"}},
        _group,
        {"one": "1"},
        changes=lambda aws: {"tags": {"one": "2"}},
        changed={"one": "2"},
        drift=_tag_group,
        drifted="tags",
        replacing=lambda aws: {"namePrefix": "another-"},
    ),
    Scenario(
        "aws:scheduler/schedule:Schedule",
        _nightly,
        _schedule,
        "cron(0 3 * * ? *)",
        changes=lambda aws: {"scheduleExpression": "rate(5 minutes)", "state": "ENABLED"},
        changed="rate(5 minutes)",
        drift=_reschedule,
        drifted="scheduleExpression",
        replacing=lambda aws: {"groupName": "default"},
    ),
    Scenario(
        "aws:autoscaling/schedule:Schedule",
        lambda aws: {
            "autoscalingGroupName": aws.scaling_group,
            "scheduledActionName": "night",
            "recurrence": "0 3 * * *",
            "minSize": 0,
            "maxSize": 1,
        },
        _hours,
        1,
        changes=lambda aws: {"maxSize": 2},
        changed=2,
        drift=_rest,
        drifted="maxSize",
        replacing=lambda aws: {"scheduledActionName": "day"},
        imported_by=lambda aws, found: "shared/night",
    ),
    Scenario(
        "aws:autoscaling/schedule:Schedule",
        lambda aws: {
            "autoscalingGroupName": aws.scaling_group,
            "scheduledActionName": "shrink",
            "startTime": "2099-01-01T00:00:00Z",
            "minSize": 0,
            "maxSize": 0,
            "desiredCapacity": 0,
        },
        _end,
        ("2099-01-01T00:00:00+00:00", 0, 0, 0),
        changes=lambda aws: {"startTime": "2099-02-01T00:00:00Z"},
        changed=("2099-02-01T00:00:00+00:00", 0, 0, 0),
        drift=_put_off,
        drifted="startTime",
        imported_by=lambda aws, found: "shared/shrink",
        variant=" once",
    ),
)
