"""Where the schedules of releases live. The schedules themselves belong to a release."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.tags import named


class Schedules(pulumi.ComponentResource):
    """An EventBridge Scheduler group of the environment's own."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, environment: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("uneventful:infra:Schedules", "schedules", None, opts)
        group = aws.scheduler.ScheduleGroup(
            "schedules", tags=named(environment), opts=pulumi.ResourceOptions(parent=self)
        )
        self.name = group.name
        self.arn = group.arn
        self.register_outputs({"name": group.name})
