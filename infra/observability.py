"""Who is told when something is wrong, what is looked at, and the page that shows it."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra import dashboard, settings
from infra.alarms import P99, Alarm, Watched, alarms
from infra.tags import named


class Observability(pulumi.ComponentResource):
    """A topic with its recipients, the environment's alarms, and a dashboard.

    An alarm tells the topic when it begins and when it ends; missing figures are no alarm. `release_alarms` are the
    names of those that a release is held back by.
    """

    topic_arn: pulumi.Output[str]
    release_alarms: tuple[pulumi.Output[str], ...]

    def __init__(
        self,
        project: str,
        chosen: settings.Settings,
        watched: Watched,
        cache_nodes: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("uneventful:infra:Observability", "observability", None, opts)
        self._environment = chosen.stack
        self._own = pulumi.ResourceOptions(parent=self)
        # Not encrypted with a key of its own: CloudWatch may not use SNS's, and what an alarm says is no secret.
        topic = aws.sns.Topic("alarms", tags=named(f"{chosen.stack}-alarms"), opts=self._own)
        for n, recipient in enumerate(chosen.alarms.recipients, start=1):
            aws.sns.TopicSubscription(
                f"recipient-{n}", topic=topic.arn, protocol="email", endpoint=recipient, opts=self._own
            )
        wanted = alarms(chosen.alarms, chosen.queues, watched)
        made = [self._alarm(alarm, topic.arn) for alarm in wanted]
        aws.cloudwatch.Dashboard(
            "dashboard",
            dashboard_name=f"{project}-{chosen.stack}",
            dashboard_body=pulumi.Output.json_dumps(
                dashboard.body(
                    chosen.stack, chosen.region, watched, cache_nodes, wanted, [alarm.arn for alarm in made]
                )
            ),
            opts=self._own,
        )
        self.topic_arn = topic.arn
        self.release_alarms = tuple(
            one.name for alarm, one in zip(wanted, made, strict=True) if alarm.holds_releases
        )
        self.register_outputs({"topicArn": topic.arn})

    def _alarm(self, alarm: Alarm, topic_arn: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
        percentile = alarm.statistic == P99
        return aws.cloudwatch.MetricAlarm(
            alarm.name,
            alarm_description=alarm.description,
            namespace=alarm.metric.namespace,
            metric_name=alarm.metric.name,
            dimensions=dict(alarm.metric.dimensions),
            statistic=None if percentile else alarm.statistic,
            extended_statistic=alarm.statistic if percentile else None,
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            period=60,
            evaluation_periods=alarm.minutes,
            treat_missing_data="notBreaching",
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
            tags=named(f"{self._environment}-{alarm.name}"),
            opts=self._own,
        )
