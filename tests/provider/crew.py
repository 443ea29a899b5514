"""Workers on the tests' cloud: an auto-scaling group of one instance for each release, that does as its tag says."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from infra.prefixes import WORKING
from infra.tags import TURN
from tests.provider.cloud import BUCKET, Cloud

LOG_GROUP = "/test/worker"
SCHEDULES = "dev-schedules"
ROLE = "arn:aws:iam::123456789012:role/scheduler"


class Crew:
    """One worker for each of these releases. Those in `crashing` end again and again once they have begun."""

    def __init__(self, cloud: Cloud, *releases: str) -> None:
        self._cloud = cloud
        self.crashing: set[str] = set()
        self._ec2, self._logs = cloud.client("ec2"), cloud.client("logs")
        self._scheduler, self._sqs = cloud.client("scheduler"), cloud.client("sqs")
        self._s3 = cloud.client("s3")
        self._scaling = cloud.client("autoscaling")
        self._logs.create_log_group(logGroupName=LOG_GROUP)
        self._scheduler.create_schedule_group(Name=SCHEDULES)
        self.queue: str = self._sqs.create_queue(QueueName="jobs")["QueueUrl"]
        self.dead: str = self._sqs.create_queue(QueueName="jobs-dead")["QueueUrl"]
        self.instances = {release: self._group(release) for release in releases}
        self._does = dict.fromkeys(releases, "")
        self._ended = threading.Event()
        self._obeying = threading.Thread(target=self._obey, daemon=True)
        self._obeying.start()

    def stop(self) -> None:
        self._ended.set()
        self._obeying.join()
        for release in self.instances:
            self._scaling.delete_auto_scaling_group(AutoScalingGroupName=group(release), ForceDelete=True)
            self._scaling.delete_launch_configuration(LaunchConfigurationName=group(release))
        self._logs.delete_log_group(logGroupName=LOG_GROUP)
        self._scheduler.delete_schedule_group(Name=SCHEDULES)
        for url in (self.queue, self.dead):
            self._sqs.delete_queue(QueueUrl=url)

    def working(self) -> set[str]:
        return {release for release, does in self._does.items() if does == "working"}

    def listed(self) -> list[str]:
        answer = self._s3.get_object(Bucket=BUCKET, Key=WORKING)
        return list(answer["Body"].read().decode().split())

    def held(self) -> dict[str, str]:
        """What each schedule sends, by name."""
        found = self._scheduler.list_schedules(GroupName=SCHEDULES)["Schedules"]
        return {
            each["Name"]: self._scheduler.get_schedule(GroupName=SCHEDULES, Name=each["Name"])["Target"][
                "Input"
            ]
            for each in found
        }

    def by_hand(self, name: str, message: str) -> None:
        """As somebody with the console would change a schedule."""
        self._scheduler.update_schedule(
            GroupName=SCHEDULES,
            Name=name,
            ScheduleExpression="rate(1 hour)",
            FlexibleTimeWindow={"Mode": "OFF"},
            State="ENABLED",
            Target={"Arn": "arn:aws:sqs:eu-west-1:123456789012:jobs", "RoleArn": ROLE, "Input": message},
        )

    def send(self, count: int) -> None:
        for number in range(count):
            self._sqs.send_message(QueueUrl=self.queue, MessageBody=str(number))

    def _group(self, release: str) -> str:
        image = self._ec2.describe_images()["Images"][0]["ImageId"]
        self._scaling.create_launch_configuration(
            LaunchConfigurationName=group(release), ImageId=image, InstanceType="t3.micro"
        )
        self._scaling.create_auto_scaling_group(
            AutoScalingGroupName=group(release),
            LaunchConfigurationName=group(release),
            MinSize=1,
            MaxSize=1,
            AvailabilityZones=["eu-west-1a"],
        )
        [found] = self._scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group(release)])[
            "AutoScalingGroups"
        ]
        instance: str = found["Instances"][0]["InstanceId"]
        for name in ("boot", "worker"):
            self._logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=f"{release}/{instance}/{name}")
        self._say(release, instance, "boot", "turn: ready")
        return instance

    def _say(self, release: str, instance: str, name: str, message: str) -> None:
        event = {"timestamp": int(time.time() * 1000), "message": message}
        self._logs.put_log_events(
            logGroupName=LOG_GROUP, logStreamName=f"{release}/{instance}/{name}", logEvents=[event]
        )

    def _obey(self) -> None:
        while not self._ended.wait(0.2):
            for release, instance in self.instances.items():
                turn = self._turn(instance)
                if turn in ("", self._does[release]):
                    continue
                self._does[release] = turn
                said = "turn: working" if turn == "working" else "turn: resting after 0.1 s"
                self._say(release, instance, "boot", said)
                if turn == "working" and release in self.crashing:
                    self._say(release, instance, "worker", "KeyError: 'QUEUE_JOBS_URL'")
                    failed = "turn: failed: worker ended 3 times in 4 s, last with exit status 1"
                    self._say(release, instance, "boot", failed)

    def _turn(self, instance: str) -> str:
        filters = [
            {"Name": "resource-id", "Values": [instance]},
            {"Name": "key", "Values": [TURN]},
        ]
        tags: list[Mapping[str, Any]] = self._ec2.describe_tags(Filters=filters)["Tags"]
        return str(tags[0]["Value"]) if tags else ""


def group(release: str) -> str:
    return f"worker-{release}"


def schedule(message: str) -> dict[str, str]:
    """As a Handover is told of it."""
    return {
        "name": "nightly",
        "expression": "rate(1 hour)",
        "timezone": "UTC",
        "targetArn": "arn:aws:sqs:eu-west-1:123456789012:jobs",
        "roleArn": ROLE,
        "input": message,
    }
