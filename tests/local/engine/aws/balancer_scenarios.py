"""Scenarios of the load balancer: itself, target groups, listeners and rules."""

from __future__ import annotations

from typing import Any

from tests.local.engine.aws.asking import gone_is_none
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Scenario


def _attribute(attributes: list[dict[str, str]], key: str) -> str:
    return next(attribute["Value"] for attribute in attributes if attribute["Key"] == key)


def _balancer(aws: AwsSide, resource: Resource) -> Any:
    arn = resource.id
    if not gone_is_none(lambda: aws.elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]):
        return None
    attributes = aws.elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    return _attribute(attributes, "idle_timeout.timeout_seconds")


def _set_idle(aws: AwsSide, resource: Resource) -> None:
    aws.elb.modify_load_balancer_attributes(
        LoadBalancerArn=resource.id, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "99"}]
    )


def _targets(aws: AwsSide, resource: Resource) -> Any:
    arn = resource.id
    found = gone_is_none(lambda: aws.elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"])
    if not found:
        return None
    attributes = aws.elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    return found[0]["HealthCheckPath"], _attribute(attributes, "deregistration_delay.timeout_seconds")


def _listener(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.elb.describe_listeners(ListenerArns=[resource.id])["Listeners"])
    return (
        (found[0]["Port"], found[0]["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"])
        if found
        else None
    )


def _fixed(status: str) -> list[dict[str, Any]]:
    response = {"contentType": "text/plain", "messageBody": "no release", "statusCode": status}
    return [{"type": "fixed-response", "fixedResponse": response}]


def _rule(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.elb.describe_rules(RuleArns=[resource.id])["Rules"])
    if not found:
        return None
    groups = found[0]["Actions"][0]["ForwardConfig"]["TargetGroups"]
    return found[0]["Priority"], {group["TargetGroupArn"]: group["Weight"] for group in groups}


def _weights(aws: AwsSide, one: int, other: int) -> list[dict[str, Any]]:
    groups = [{"arn": aws.targets, "weight": one}, {"arn": aws.other_targets, "weight": other}]
    return [{"type": "forward", "forward": {"targetGroups": groups}}]


def _shift_by_hand(aws: AwsSide, rule: Resource) -> None:
    groups = [
        {"TargetGroupArn": aws.targets, "Weight": 70},
        {"TargetGroupArn": aws.other_targets, "Weight": 30},
    ]
    forward = {"TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": False}}
    aws.elb.modify_rule(RuleArn=rule.id, Actions=[{"Type": "forward", "ForwardConfig": forward}])


def _rule_seen(aws: AwsSide, resource: Resource) -> Any:
    seen = _rule(aws, resource)
    return seen and (seen[0], seen[1][aws.targets], seen[1].get(aws.other_targets))


SCENARIOS = (
    Scenario(
        "aws:lb/loadBalancer:LoadBalancer",
        lambda aws: {
            "loadBalancerType": "application",
            "subnets": list(reversed(aws.subnets)),
            "securityGroups": [aws.group],
            "idleTimeout": 30,
        },
        _balancer,
        "30",
        changes=lambda aws: {"idleTimeout": 40},
        changed="40",
        drift=_set_idle,
        drifted="idleTimeout",
        replacing=lambda aws: {"internal": True, "name": "another"},
        silent=frozenset({"enableCrossZoneLoadBalancing"}),
    ),
    Scenario(
        "aws:lb/targetGroup:TargetGroup",
        lambda aws: {
            "port": 8080,
            "protocol": "HTTP",
            "vpcId": aws.vpc,
            "deregistrationDelay": 5,
            "healthCheck": {"path": "/healthz", "interval": 5, "timeout": 2},
        },
        _targets,
        ("/healthz", "5"),
        changes=lambda aws: {
            "deregistrationDelay": 7,
            "healthCheck": {"path": "/ready", "interval": 6, "timeout": 2},
        },
        changed=("/ready", "7"),
        drift=lambda aws, group: aws.elb.modify_target_group(
            TargetGroupArn=group.id, HealthCheckPath="/other"
        ),
        drifted="healthCheck",
        replacing=lambda aws: {"port": 9090, "protocol": "HTTPS"},
        silent=frozenset({"slowStart", "proxyProtocolV2", "lambdaMultiValueHeadersEnabled"}),
    ),
    Scenario(
        "aws:lb/listener:Listener",
        lambda aws: {
            "loadBalancerArn": aws.balancer,
            "port": 8080,
            "protocol": "HTTP",
            "defaultActions": _fixed("503"),
        },
        _listener,
        (8080, "503"),
        changes=lambda aws: {"defaultActions": _fixed("404")},
        changed=(8080, "404"),
        drift=lambda aws, listener: aws.elb.modify_listener(ListenerArn=listener.id, Port=8090),
        drifted="port",
    ),
    Scenario(
        "aws:lb/listenerRule:ListenerRule",
        lambda aws: {
            "listenerArn": aws.listener,
            "priority": 10,
            "actions": _weights(aws, 100, 0),
            "conditions": [
                {"pathPattern": {"values": ["/*"]}},
                {"httpHeader": {"httpHeaderName": "X-Release", "values": ["b.key", "a.key"]}},
            ],
        },
        _rule_seen,
        ("10", 100, 0),
        changes=lambda aws: {"priority": 20, "actions": _weights(aws, 50, 50)},
        changed=("20", 50, 50),
        drift=_shift_by_hand,
        drifted="actions",
        replacing=lambda aws: {"listenerArn": aws.listener.replace("shared", "other")},
    ),
)
