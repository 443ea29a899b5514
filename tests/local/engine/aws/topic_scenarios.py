"""Scenarios of whom alarms tell: a topic, who may publish to it, and who listens."""

from __future__ import annotations

import json
from typing import Any

from tests.local.engine.aws.asking import first, gone_is_none
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Inputs, Scenario


def _topic(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.sns.get_topic_attributes(TopicArn=resource.id))
    return found and found["Attributes"]["DisplayName"]


def _rename(aws: AwsSide, resource: Resource) -> None:
    aws.sns.set_topic_attributes(TopicArn=resource.id, AttributeName="DisplayName", AttributeValue="by hand")


def _subscriber(aws: AwsSide, resource: Resource) -> Any:
    topic = resource.properties["topic"]
    found = aws.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return first([one["Endpoint"] for one in found])


def _publishers(aws: AwsSide, resource: Resource) -> Any:
    found = aws.sns.get_topic_attributes(TopicArn=resource.id)["Attributes"]
    services = [one["Principal"].get("Service") for one in json.loads(found["Policy"])["Statement"]]
    return first([service for service in services if service])


def _policy(topic: str, service: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "SNS:Publish",
        "Resource": topic,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _published_by(service: str, aws: AwsSide) -> Inputs:
    topic = aws.new_topic("guarded")
    return {"arn": topic, "policy": _policy(topic, service)}


def _open(aws: AwsSide, resource: Resource) -> None:
    aws.sns.set_topic_attributes(
        TopicArn=resource.id,
        AttributeName="Policy",
        AttributeValue=_policy(resource.id, "s3.amazonaws.com"),
    )


SCENARIOS = (
    Scenario(
        "aws:sns/topic:Topic",
        lambda aws: {"namePrefix": "demo-dev-", "displayName": "alarms", "tags": {"by": "program"}},
        _topic,
        "alarms",
        changes=lambda aws: {"displayName": "bells"},
        changed="bells",
        drift=_rename,
        drifted="displayName",
        replacing=lambda aws: {"namePrefix": "another-"},
    ),
    Scenario(
        "aws:sns/topicSubscription:TopicSubscription",
        lambda aws: {
            "topic": aws.new_topic("heard"),
            "protocol": "email",
            "endpoint": "operations@example.org",
        },
        _subscriber,
        "operations@example.org",
        replacing=lambda aws: {"endpoint": "somebody@example.org", "topic": aws.new_topic("other")},
        silent=frozenset({"confirmationTimeoutInMinutes", "endpointAutoConfirms"}),
    ),
    Scenario(
        "aws:sns/topicPolicy:TopicPolicy",
        lambda aws: _published_by("cloudwatch.amazonaws.com", aws),
        _publishers,
        "cloudwatch.amazonaws.com",
        changes=lambda aws: {"policy": _published_by("events.amazonaws.com", aws)["policy"]},
        changed="events.amazonaws.com",
        drift=_open,
        drifted="policy",
        replacing=lambda aws: {"arn": aws.new_topic("other")},
        lingers=True,
    ),
)
