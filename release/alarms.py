"""What rings for one release's web instances alone: the shift to it stops when one of these does.

Made once its gate is passed: what it answered while it booted is nobody's worry.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.alarms import described
from infra.environment import Outputs
from infra.settings import Settings
from release.model import Release

PERIOD = 60
"""Seconds: the load balancer reports by the minute (Elastic Load Balancing, "CloudWatch metrics")."""


def fleet_alarms(
    release: Release,
    target_group: aws.lb.TargetGroup,
    environment: Outputs,
    settings: Settings,
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], ...]:
    """The names of the alarms on this release's own answers and targets."""
    dimensions = {"LoadBalancer": environment.balancer_suffix, "TargetGroup": target_group.arn_suffix}

    def alarm(name: str, **words: object) -> pulumi.Output[str]:
        made = aws.cloudwatch.MetricAlarm(
            f"{name}-{release.id}",
            namespace="AWS/ApplicationELB",
            dimensions=dimensions,
            period=PERIOD,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[environment.alarm_topic_arn],
            ok_actions=[environment.alarm_topic_arn],
            tags=dict(labels),
            opts=opts,
            **words,
        )
        return made.name  # type: ignore[no-any-return]

    return (
        alarm(
            "errors",
            alarm_description=described(
                f"{release} of {environment.name} answers with errors (5xx)", "alarm-release-errors"
            ),
            metric_name="HTTPCode_Target_5XX_Count",
            statistic="Sum",
            threshold=settings.alarms.errors,
            evaluation_periods=1,
        ),
        alarm(
            "unhealthy",
            alarm_description=described(
                f"{release} of {environment.name} has unhealthy instances for minutes",
                "alarm-release-unhealthy",
            ),
            metric_name="UnHealthyHostCount",
            # A minute in which all were healthy for a moment is a good one: nobody is woken by a single restart.
            statistic="Minimum",
            threshold=1,
            evaluation_periods=3,
        ),
    )
