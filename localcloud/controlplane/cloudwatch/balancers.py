"""What the load balancers answered and how their targets are: AWS/ApplicationELB. Names and dimensions: 'CloudWatch
metrics for your Application Load Balancer' in AWS's documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from localcloud.controlplane.cloudwatch.samples import Sample, key
from localcloud.parts import GroupCounts, HealthState

NAMESPACE = "AWS/ApplicationELB"
PER_TARGET = "RequestCountPerTarget"
Placed = tuple[str, str]
"""ARNs of (load balancer, target group)."""


def balancer_of(arn: str) -> str:
    """The dimension LoadBalancer of a load balancer."""
    return arn.partition(":loadbalancer/")[2]


def group_of(arn: str) -> str:
    """The dimension TargetGroup of a target group."""
    return arn.rpartition(":")[2]


def counted(counts: Iterable[GroupCounts], healthy: Mapping[Placed, int]) -> Iterator[Sample]:
    """The samples of one second. A metric that counted nothing is left out, as AWS does. `healthy` has the number of
    healthy targets of a group."""
    for count in counts:
        balancer = {"LoadBalancer": balancer_of(count.load_balancer_arn)}
        group = {"TargetGroup": group_of(count.target_group_arn)} if count.target_group_arn else {}
        by_target = {
            "RequestCount": count.requests,
            "HTTPCode_Target_2XX_Count": count.target_2xx,
            "HTTPCode_Target_3XX_Count": count.target_3xx,
            "HTTPCode_Target_4XX_Count": count.target_4xx,
            "HTTPCode_Target_5XX_Count": count.target_5xx,
            "TargetConnectionErrorCount": count.connection_errors,
        }
        by_balancer = {"HTTPCode_ELB_4XX_Count": count.elb_4xx, "HTTPCode_ELB_5XX_Count": count.elb_5xx}
        for scope in [balancer, {**group, **balancer}] if group else [balancer]:
            for name, number in by_target.items():
                if number:
                    yield Sample(key(NAMESPACE, name, scope), number, number)
            if count.answered:
                yield Sample(
                    key(NAMESPACE, "TargetResponseTime", scope),
                    count.total_seconds,
                    count.answered,
                    "Seconds",
                    spread=dict(count.latencies),
                )
        for name, number in by_balancer.items():
            if number:
                yield Sample(key(NAMESPACE, name, balancer), number, number)
        targets = healthy.get((count.load_balancer_arn, count.target_group_arn), 0)
        if targets and count.requests:
            yield from _per_target(group, balancer, count.requests / targets)


def hosts(states: Mapping[Placed, Iterable[HealthState]]) -> Iterator[Sample]:
    """How the targets of each group are at a moment. Those that register or drain are neither healthy nor unhealthy.
    `RequestCountPerTarget` is said of each group, requests or none."""
    for (balancer_arn, group_arn), seen in states.items():
        balancer = {"LoadBalancer": balancer_of(balancer_arn)}
        group = {"TargetGroup": group_of(group_arn)}
        held = list(seen)
        for name, state in (("HealthyHostCount", "healthy"), ("UnHealthyHostCount", "unhealthy")):
            yield Sample(key(NAMESPACE, name, {**group, **balancer}), held.count(state))  # type: ignore[arg-type]
        yield from _per_target(group, balancer, 0.0)


def _per_target(group: Mapping[str, str], balancer: Mapping[str, str], requests: float) -> Iterator[Sample]:
    for scope in (group, {**group, **balancer}):
        yield Sample(key(NAMESPACE, PER_TARGET, scope), requests)
