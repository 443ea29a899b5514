"""From moto's load balancers to frozen values: listeners, rules, conditions, actions, health checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.parts import Action, HealthCheck, ListenerState, Rule

CONDITIONS_DONE = ("path-pattern", "http-header", "host-header")
ACTIONS_DONE = ("forward", "fixed-response", "redirect")


@dataclass(frozen=True)
class Routing:
    """How one load balancer answers: everything but its targets."""

    arn: str
    address: str
    listeners: tuple[ListenerState, ...]
    idle_timeout: float

    def groups(self) -> tuple[str, ...]:
        """The ARNs of the target groups that a listener or rule names, each once, in order of appearance."""
        actions = [
            action
            for listener in self.listeners
            for action in (*(rule.action for rule in listener.rules), listener.default)
        ]
        return tuple(dict.fromkeys(arn for action in actions for arn, _ in action.weights))


def routing(balancer: Any) -> Routing:
    """`balancer` is moto's FakeLoadBalancer; its DNS name is its address here."""
    return Routing(
        arn=balancer.arn,
        address=balancer.dns_name,
        listeners=tuple(_listener(listener) for listener in list(balancer.listeners.values())),
        idle_timeout=float(balancer.attrs.get("idle_timeout.timeout_seconds", 60)),
    )


def _listener(listener: Any) -> ListenerState:
    rules = [_rule(rule) for rule in list(listener._non_default_rules.values())]
    return ListenerState(
        arn=listener.arn,
        port=int(listener.port),
        default=_action(listener.default_actions),
        rules=tuple(sorted(rules, key=lambda rule: rule.priority)),
        protocol=listener.protocol,
    )


def _rule(rule: Any) -> Rule:
    by_field: dict[str, list[Mapping[str, Any]]] = {}
    for condition in rule.conditions:
        by_field.setdefault(condition["Field"], []).append(condition)
    return Rule(
        priority=int(rule.priority),
        action=_action(rule.actions),
        path_patterns=_values(by_field.get("path-pattern", ()), "PathPatternConfig"),
        host_headers=_values(by_field.get("host-header", ()), "HostHeaderConfig"),
        headers=tuple(
            (condition["HttpHeaderConfig"]["HttpHeaderName"], tuple(condition["HttpHeaderConfig"]["Values"]))
            for condition in by_field.get("http-header", ())
        ),
    )


def _values(conditions: Iterable[Mapping[str, Any]], config: str) -> tuple[str, ...]:
    return tuple(
        value
        for condition in conditions
        for value in condition.get("Values") or condition.get(config, {}).get("Values", ())
    )


def _action(actions: Iterable[Any]) -> Action:
    """The last action is the one that answers; AWS lets only authentication come before it."""
    data = list(actions)[-1].data
    if data["Type"] == "forward":
        return Action("forward", weights=_weights(data))
    if data["Type"] == "redirect":
        config = data["RedirectConfig"]
        return Action(
            "redirect",
            status=301 if config["StatusCode"] == "HTTP_301" else 302,
            location=(
                config.get("Protocol", "#{protocol}"),
                config.get("Host", "#{host}"),
                str(config.get("Port", "#{port}")),
                config.get("Path", "/#{path}"),
                config.get("Query", "#{query}"),
            ),
        )
    config = data["FixedResponseConfig"]
    return Action(
        "fixed-response",
        status=int(config["StatusCode"]),
        body=config.get("MessageBody") or "",
        content_type=config.get("ContentType") or "text/plain",
    )


def _weights(data: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    groups = data.get("ForwardConfig", {}).get("TargetGroups", ())
    if groups:
        return tuple((group["TargetGroupArn"], int(group.get("Weight", 1))) for group in groups)
    return ((data["TargetGroupArn"], 1),)


def health_check(group: Any) -> HealthCheck:
    """`group` is moto's FakeTargetGroup."""
    port = group.health_check_port
    return HealthCheck(
        path=group.health_check_path or "/",
        interval=float(group.health_check_interval_seconds),
        timeout=float(group.health_check_timeout_seconds),
        healthy=int(group.healthy_threshold_count),
        unhealthy=int(group.unhealthy_threshold_count),
        matcher=group.matcher.get("HttpCode", "200"),
        port=None if port in (None, "traffic-port") else int(port),
    )
