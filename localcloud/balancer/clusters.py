"""Clusters: a target group's health check, its targets, and how its connections are kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from localcloud.balancer.bootstrap import Json, config_source
from localcloud.balancer.names import short
from localcloud.parts import HealthCheck, Target, TargetGroupState

TARGET_IDLE_SECONDS = 60
"""How long ALB keeps an idle connection to a target. A target that closes earlier loses requests, there
as here."""

UNLIMITED = 1_000_000
DRAINING = "draining"
"""The metadata that keeps new requests from a target."""


def statuses(matcher: str) -> list[tuple[int, int]]:
    """AWS's matcher ("200", "200,202", "200-299") as sorted, half-open, non-overlapping ranges.

    Raises ValueError for what is neither a code nor a range of codes in 100..599.
    """
    ranges: list[tuple[int, int]] = []
    for part in matcher.split(","):
        first, _, last = part.strip().partition("-")
        low, high = int(first), int(last or first) + 1
        if not 100 <= low < high <= 600:
            raise ValueError(f"expected HTTP codes such as 200 or 200-299, seen {part!r}")
        ranges.append((low, high))
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def others(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """All codes in 100..599 that the ranges leave out."""
    rest, low = [], 100
    for start, end in ranges:
        if low < start:
            rest.append((low, start))
        low = end
    if low < 600:
        rest.append((low, 600))
    return rest


def health_check(check: HealthCheck) -> Json:
    """The target group's own check. A wrong status counts towards the threshold as a refused connection does;
    Envoy alone would take a target out at the first one (`retriable_statuses`)."""
    passing = statuses(check.matcher)

    def spans(ranges: list[tuple[int, int]]) -> list[Json]:
        return [{"start": low, "end": high} for low, high in ranges]

    every = f"{check.interval:g}s"
    return {
        "timeout": f"{check.timeout:g}s",
        "interval": every,
        "no_traffic_interval": every,
        "no_traffic_healthy_interval": every,
        "healthy_threshold": check.healthy,
        "unhealthy_threshold": check.unhealthy,
        "reuse_connection": False,
        "http_health_check": {
            "path": check.path,
            "host": "target",
            "codec_client_type": "HTTP1",
            "expected_statuses": spans(passing),
            "retriable_statuses": spans(others(passing)),
            "request_headers_to_add": [
                {
                    "header": {"key": "user-agent", "value": "ELB-HealthChecker/2.0"},
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }
            ],
        },
    }


def cluster(folder: Path, group: TargetGroupState) -> Json:
    """One target group. When no target is healthy all of them get requests (ALB fails open); a target
    that leaves keeps the requests it has; health counts at once (`update_merge_window`, else up to 1 s
    late); no retries."""
    name = short(group.arn)
    policy = "LEAST_REQUEST" if group.algorithm == "least_outstanding_requests" else "ROUND_ROBIN"
    return {
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": config_source(folder / f"eds-{name}.json")},
        "connect_timeout": "10s",
        "lb_policy": policy,
        "ignore_health_on_host_removal": True,
        "common_lb_config": {
            "healthy_panic_threshold": {"value": 1},
            "ignore_new_hosts_until_first_hc": True,
            "update_merge_window": "0s",
        },
        # Draining targets are outside of what is chosen from, also when nothing else is healthy.
        "lb_subset_config": {
            "fallback_policy": "DEFAULT_SUBSET",
            "default_subset": {DRAINING: False},
            # Without a selector Envoy takes no notice of subsets at all.
            "subset_selectors": [{"keys": [DRAINING]}],
        },
        "health_checks": [health_check(group.health_check)],
        "circuit_breakers": {
            "thresholds": [
                {
                    "priority": "DEFAULT",
                    "max_connections": UNLIMITED,
                    "max_pending_requests": UNLIMITED,
                    "max_requests": UNLIMITED,
                }
            ]
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {"idle_timeout": f"{TARGET_IDLE_SECONDS}s"},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }


def endpoints(group: TargetGroupState, targets: Iterable[Target]) -> Json:
    """The group's targets that take part: new requests go to those that are not draining."""

    def endpoint(target: Target) -> Json:
        check: Json = {"hostname": f"{target.address}:{target.port}"}
        if group.health_check.port is not None:
            check["port_value"] = group.health_check.port
        return {
            "health_status": "DRAINING" if target.draining else "UNKNOWN",
            "metadata": {"filter_metadata": {"envoy.lb": {DRAINING: target.draining}}},
            "endpoint": {
                "address": {"socket_address": {"address": target.address, "port_value": target.port}},
                "health_check_config": check,
            },
        }

    listed = [endpoint(target) for target in targets]
    return {
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": short(group.arn),
        "endpoints": [{"lb_endpoints": listed}] if listed else [],
    }
