"""All that Envoy is to know, from what the control plane holds: a pure function."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.balancer.admission import TargetKey
from localcloud.balancer.bootstrap import Json
from localcloud.balancer.clusters import cluster, endpoints
from localcloud.balancer.listeners import listener
from localcloud.balancer.names import listener_name, short
from localcloud.balancer.routes import route_table
from localcloud.parts import BalancerState, Endpoint, HealthCheck, TargetGroupState


@dataclass(frozen=True)
class Snapshot:
    """Resources by name: listeners and route tables by listener, clusters and endpoints by target group."""

    listeners: Mapping[str, Json]
    routes: Mapping[str, Json]
    clusters: Mapping[str, Json]
    endpoints: Mapping[str, Json]


def groups(state: tuple[BalancerState, ...]) -> dict[str, TargetGroupState]:
    """Every target group in use, by its ARN."""
    return {group.arn: group for balancer in state for group in balancer.target_groups}


def sockets(state: tuple[BalancerState, ...]) -> set[Endpoint]:
    """Every address and port that is to be listened on."""
    return {(balancer.address, one.port) for balancer in state for one in balancer.listeners}


def checked_targets(state: tuple[BalancerState, ...]) -> dict[TargetKey, HealthCheck]:
    """Every target that is in use or leaving, with its group's check."""
    return {
        (group.arn, (target.address, target.port)): group.health_check
        for group in groups(state).values()
        for target in group.targets
    }


def group_endpoints(group: TargetGroupState, admitted: Collection[TargetKey]) -> Json:
    """The group's targets that may take part."""
    taking_part = [t for t in group.targets if (group.arn, (t.address, t.port)) in admitted]
    return endpoints(group, taking_part)


def snapshot(
    folder: Path,
    state: tuple[BalancerState, ...],
    admitted: Collection[TargetKey],
    refused: Collection[Endpoint] = (),
) -> Snapshot:
    """What Envoy serves for this state. Targets that are not admitted and sockets that are refused are
    left out."""
    served = [
        (balancer, one)
        for balancer in state
        for one in balancer.listeners
        if (balancer.address, one.port) not in refused
    ]
    return Snapshot(
        listeners={
            listener_name(balancer.address, one.port): listener(
                folder, balancer.arn, balancer.address, one.port
            )
            for balancer, one in served
        },
        routes={
            listener_name(balancer.address, one.port): route_table(balancer, one) for balancer, one in served
        },
        clusters={short(group.arn): cluster(folder, group) for group in groups(state).values()},
        endpoints={short(group.arn): group_endpoints(group, admitted) for group in groups(state).values()},
    )
