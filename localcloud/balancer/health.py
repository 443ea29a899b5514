"""A target's health in AWS's words, from what Envoy sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.parts import Endpoint, TargetHealth

INITIAL = TargetHealth("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
HEALTHY = TargetHealth("healthy")
TIMED_OUT = TargetHealth("unhealthy", "Target.Timeout", "Request timed out")
FAILED = TargetHealth("unhealthy", "Target.FailedHealthChecks", "Health checks failed")


def mismatch(status: int) -> TargetHealth:
    """Unhealthy, since its check was answered with a status outside the matcher."""
    return TargetHealth(
        "unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"
    )


@dataclass(frozen=True)
class Host:
    """One target as Envoy sees it: its checks' verdict and the requests in flight to it."""

    pending: bool
    failed: bool
    timed_out: bool
    active: int


def hosts(clusters: Mapping[str, Any]) -> dict[str, dict[Endpoint, Host]]:
    """Envoy's admin.v3.Clusters by cluster and address. A cluster that is replaced is listed once, as it
    serves."""
    seen: dict[str, dict[Endpoint, Host]] = {}
    for cluster in clusters.get("cluster_statuses", []):
        seen[cluster["name"]] = dict(_host(status) for status in cluster.get("host_statuses", []))
    return seen


def _host(status: Mapping[str, Any]) -> tuple[Endpoint, Host]:
    address = status["address"]["socket_address"]
    flags = status.get("health_status", {})
    active = next((int(s.get("value", 0)) for s in status.get("stats", []) if s["name"] == "rq_active"), 0)
    host = Host(
        pending=flags.get("pending_active_hc", False),
        failed=flags.get("failed_active_health_check", False),
        timed_out=flags.get("active_hc_timeout", False),
        active=active,
    )
    return (address["address"], address["port_value"]), host


def verdict(host: Host | None, answered: TargetHealth | None) -> TargetHealth:
    """A target's health. `answered` is what a check of our own found last: Envoy says that a check
    failed, but not with which status."""
    if host is None or host.pending:
        return INITIAL
    if not host.failed:
        return HEALTHY
    if answered is not None and answered.state == "unhealthy":
        return answered
    return TIMED_OUT if host.timed_out else FAILED
