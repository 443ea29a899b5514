"""How many instances: target tracking on what each of them has to do. The scaler alone sets the desired capacity."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.environment import Outputs
from infra.queues import Queue

IN_SERVICE = "GroupInServiceInstances"
"""The one metric of a group that its own scaling needs."""


def by_requests(
    name: str,
    group: aws.autoscaling.Group,
    target_group: aws.lb.TargetGroup,
    environment: Outputs,
    requests: int,
    parent: pulumi.Resource,
    grow_only: bool = False,
) -> aws.autoscaling.Policy:
    """So many web instances that each answers about `requests` a minute; if `grow_only`, never fewer than there are."""
    tracked = aws.autoscaling.PolicyTargetTrackingConfigurationArgs(
        predefined_metric_specification=aws.autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs(
            predefined_metric_type="ALBRequestCountPerTarget",
            resource_label=pulumi.Output.concat(environment.balancer_suffix, "/", target_group.arn_suffix),
        ),
        target_value=float(requests),
        disable_scale_in=grow_only or None,
    )
    return _policy(name, group, tracked, parent)


def by_backlog(
    name: str, group: aws.autoscaling.Group, queue: Queue, messages: int, parent: pulumi.Resource
) -> aws.autoscaling.Policy:
    """So many workers that about `messages` wait in the queue for each (Amazon EC2 Auto Scaling User Guide, "Scaling
    policy based on Amazon SQS").
    """
    waiting = _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue.queue_name}, "Sum")
    serving = _metric("AWS/AutoScaling", IN_SERVICE, {"AutoScalingGroupName": group.name}, "Average")
    metric = aws.autoscaling.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetricArgs
    tracked = aws.autoscaling.PolicyTargetTrackingConfigurationArgs(
        customized_metric_specification=aws.autoscaling.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationArgs(
            metrics=[
                metric(id="waiting", metric_stat=waiting, return_data=False),
                metric(id="serving", metric_stat=serving, return_data=False),
                metric(
                    id="backlog",
                    expression="waiting / serving",
                    label="Messages that wait for each instance",
                    return_data=True,
                ),
            ]
        ),
        target_value=float(messages),
    )
    return _policy(name, group, tracked, parent)


def _policy(
    name: str,
    group: aws.autoscaling.Group,
    tracked: aws.autoscaling.PolicyTargetTrackingConfigurationArgs,
    parent: pulumi.Resource,
) -> aws.autoscaling.Policy:
    return aws.autoscaling.Policy(
        name,
        autoscaling_group_name=group.name,
        policy_type="TargetTrackingScaling",
        target_tracking_configuration=tracked,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _metric(
    namespace: str, name: str, dimensions: Mapping[str, pulumi.Output[str]], stat: str
) -> aws.autoscaling.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetricMetricStatArgs:
    prefix = aws.autoscaling
    return prefix.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetricMetricStatArgs(
        metric=prefix.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetricMetricStatMetricArgs(
            namespace=namespace,
            metric_name=name,
            dimensions=[
                prefix.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetricMetricStatMetricDimensionArgs(
                    name=dimension, value=value
                )
                for dimension, value in dimensions.items()
            ],
        ),
        stat=stat,
    )
