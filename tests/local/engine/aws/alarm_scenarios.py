"""Scenarios of what is watched: log groups, alarms of each shape that the program uses, and the dashboard."""

from __future__ import annotations

import json
from typing import Any

from tests.local.engine.aws.asking import first
from tests.local.engine.aws.aws_side import REGION, AwsSide
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Inputs, Scenario


def _log_group(aws: AwsSide, resource: Resource) -> Any:
    found = aws.logs.describe_log_groups(logGroupNamePrefix=resource.id)["logGroups"]
    return first([group["retentionInDays"] for group in found])


def _alarm(aws: AwsSide, resource: Resource) -> Any:
    found = aws.cloudwatch.describe_alarms(AlarmNames=[resource.id])["MetricAlarms"]
    return first([alarm["Threshold"] for alarm in found])


# What PutMetricAlarm leaves out, it clears.
_SETTABLE = [
    "AlarmName",
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "ComparisonOperator",
    "TreatMissingData",
    "Metrics",
]


def _lower(aws: AwsSide, resource: Resource) -> None:
    (alarm,) = aws.cloudwatch.describe_alarms(AlarmNames=[resource.id])["MetricAlarms"]
    kept = {name: alarm[name] for name in _SETTABLE if alarm.get(name)}
    aws.cloudwatch.put_metric_alarm(**kept, Threshold=0.5)


_BALANCER = {"LoadBalancer": "app/front/0123456789abcdef"}


def _percentile(aws: AwsSide) -> Inputs:
    return {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 2,
        "datapointsToAlarm": 2,
        "namespace": "AWS/ApplicationELB",
        "metricName": "TargetResponseTime",
        "dimensions": _BALANCER,
        "period": 60,
        "extendedStatistic": "p99",
        "threshold": 5,
        "treatMissingData": "notBreaching",
    }


def _statistic(aws: AwsSide) -> Inputs:
    topic = aws.new_topic("alarmed")
    return {
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "evaluationPeriods": 1,
        "namespace": "AWS/SQS",
        "metricName": "ApproximateNumberOfMessagesVisible",
        "dimensions": {"QueueName": "jobs-dead"},
        "period": 60,
        "statistic": "Maximum",
        "threshold": 1,
        "treatMissingData": "notBreaching",
        "alarmActions": [topic],
        "okActions": [topic],
        "alarmDescription": "a job failed for good",
        "tags": {"by": "program"},
    }


def _sum(name: str, metric: str) -> dict[str, Any]:
    query = {
        "namespace": "AWS/ApplicationELB",
        "metricName": metric,
        "dimensions": _BALANCER,
        "period": 60,
        "stat": "Sum",
    }
    return {"id": name, "metric": query}


def _mathematics(aws: AwsSide) -> Inputs:
    return {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "threshold": 10,
        "treatMissingData": "notBreaching",
        "metricQueries": [
            {"id": "errors", "expression": "FILL(own,0)+FILL(targets,0)", "label": "5xx", "returnData": True},
            _sum("own", "HTTPCode_ELB_5XX_Count"),
            _sum("targets", "HTTPCode_Target_5XX_Count"),
        ],
    }


def _dashboard(aws: AwsSide, resource: Resource) -> Any:
    names = aws.cloudwatch.list_dashboards(DashboardNamePrefix=resource.id)["DashboardEntries"]
    if not names:
        return None
    body = aws.cloudwatch.get_dashboard(DashboardName=resource.id)["DashboardBody"]
    return json.loads(body)["widgets"][0]["properties"]["title"]


def _body(title: str) -> str:
    metric = ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "jobs"]
    properties = {"title": title, "region": REGION, "metrics": [metric], "period": 60, "stat": "Maximum"}
    widget = {"type": "metric", "x": 0, "y": 0, "width": 12, "height": 6, "properties": properties}
    return json.dumps({"widgets": [widget]}, sort_keys=True, separators=(",", ":"))


SCENARIOS = (
    Scenario(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda aws: {"namePrefix": "/demo/dev/web-", "retentionInDays": 30},
        _log_group,
        30,
        changes=lambda aws: {"retentionInDays": 7},
        changed=7,
        drift=lambda aws, found: aws.logs.put_retention_policy(logGroupName=found.id, retentionInDays=1),
        drifted="retentionInDays",
        replacing=lambda aws: {"namePrefix": "/demo/dev/worker-"},
    ),
    Scenario(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        _statistic,
        _alarm,
        1.0,
        changes=lambda aws: {"threshold": 3, "alarmDescription": "jobs failed for good"},
        changed=3.0,
        drift=_lower,
        drifted="threshold",
        replacing=lambda aws: {"name": "another"},
    ),
    Scenario(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        _percentile,
        _alarm,
        5.0,
        changes=lambda aws: {"threshold": 2.5, "evaluationPeriods": 3},
        changed=2.5,
        drift=_lower,
        drifted="threshold",
        variant="percentile",
    ),
    Scenario(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        _mathematics,
        _alarm,
        10.0,
        changes=lambda aws: {"threshold": 20},
        changed=20.0,
        drift=_lower,
        drifted="threshold",
        variant="mathematics",
    ),
    Scenario(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda aws: {"dashboardName": "demo-dev", "dashboardBody": _body("oldest job")},
        _dashboard,
        "oldest job",
        changes=lambda aws: {"dashboardBody": _body("oldest message")},
        changed="oldest message",
        drift=lambda aws, found: aws.cloudwatch.put_dashboard(
            DashboardName=found.id, DashboardBody=_body("by hand")
        ),
        drifted="dashboardBody",
        replacing=lambda aws: {"dashboardName": "another"},
    ),
)
