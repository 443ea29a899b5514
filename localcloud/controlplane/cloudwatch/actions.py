"""What an alarm does when its state changes: tells an SNS topic, or lets an auto-scaling policy act."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.sns.exceptions import SNSException

SIMPLE = "SimpleScaling"
SUBJECT_CHARACTERS = 100


class Actions:
    """`backend` gives moto's backend of a service by its name. An action that fails is in the log, and changes nothing
    about the alarm."""

    def __init__(self, backend: Callable[[str], Any], on_log: Callable[[str], None]) -> None:
        self._backend = backend
        self._log = on_log

    def act(self, arn: str, alarm: Any, before: str) -> None:
        """Do the action that is named by this ARN, for one of moto's alarms that was in the state `before`."""
        service = arn.split(":")[2] if arn.count(":") >= 5 else ""
        if service == "sns":
            self._tell(arn, alarm, before)
        elif service == "autoscaling":
            self._scale(arn, alarm)
        else:
            self._log(f"alarm {alarm.name}: the local cloud does not do {arn}")

    def _tell(self, topic: str, alarm: Any, before: str) -> None:
        region = alarm.region_name
        subject = f'{alarm.state_value}: "{alarm.name}" in {region}'[:SUBJECT_CHARACTERS]
        try:
            self._backend("sns").publish(json.dumps(message(alarm, before)), topic, subject=subject)
        except SNSException as refused:
            self._log(f"alarm {alarm.name}: {topic} was not told: {refused}")

    def _scale(self, arn: str, alarm: Any) -> None:
        policies = self._backend("autoscaling").policies
        policy = next((one for one in list(policies.values()) if one.arn == arn), None)
        if policy is None or policy.policy_type != SIMPLE:
            kind = (
                "there is no such policy"
                if policy is None
                else f"the local cloud does no {policy.policy_type}"
            )
            self._log(f"alarm {alarm.name}: {arn} does not act: {kind}")
            return
        try:
            policy.execute()
        except ValidationError as refused:
            self._log(f"alarm {alarm.name}: {arn} changes nothing: {refused}")


def message(alarm: Any, before: str) -> dict[str, Any]:
    """What CloudWatch sends to a topic, in its words."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": alarm.alarm_arn.split(":")[4],
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": f"{alarm.state_updated_timestamp.isoformat(timespec='milliseconds')}+0000",
        "Region": alarm.region_name,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": alarm.statistic or alarm.extended_statistic,
            "Dimensions": [{"value": one.value, "name": one.name} for one in alarm.dimensions],
            "Period": alarm.period,
            "EvaluationPeriods": alarm.evaluation_periods,
            "DatapointsToAlarm": alarm.datapoints_to_alarm,
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.treat_missing_data,
        },
    }
