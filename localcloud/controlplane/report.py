"""What the local cloud holds, as plain data for `localcloud status`."""

from __future__ import annotations

from typing import Any

from localcloud.controlplane.machines import GROUP_TAG
from localcloud.controlplane.plane import ControlPlane
from localcloud.controlplane.routing import routing
from localcloud.parts import Action, Balancer, Instances, ListenerState, Rule


def report(plane: ControlPlane, instances: Instances, balancer: Balancer) -> dict[str, Any]:
    """What there is of everything, who serves how much of what, target groups' health, and what is wrong."""
    return {
        "problem": plane.problem,
        "behind": plane.behind,
        "data_plane_pid": balancer.pid,
        "instances": [_instance(plane, instances, name) for name in plane.machines.ids()],
        "databases": plane.databases.shown(),
        "caches": plane.caches.shown(),
        "ringing": [
            {"name": alarm.name, "reason": alarm.state_reason}
            for alarm in list(plane.backend("cloudwatch").alarms.values())
            if alarm.state_value == "ALARM"
        ],
        "auto_scaling_groups": [_group(group) for group in list(plane.groups().autoscaling_groups.values())],
        "load_balancers": [
            {
                "name": held.name,
                "arn": held.arn,
                "address": held.dns_name,
                "listeners": [_listener(listener) for listener in routing(held).listeners],
            }
            for held in list(plane.elb().load_balancers.values())
        ],
        "target_groups": [_target_group(plane, group) for group in list(plane.elb().target_groups.values())],
    }


def _instance(plane: ControlPlane, instances: Instances, instance_id: str) -> dict[str, Any]:
    record = plane.machines.record(instance_id)
    status = instances.status(instance_id)
    tags = {tag["key"]: tag["value"] for tag in record.get_tags()}
    return {
        "id": instance_id,
        "address": plane.machines.address(instance_id),
        "state": record.state,
        "machine": status.state,
        "detail": status.detail,
        "pids": list(status.pids),
        "group": tags.get(GROUP_TAG, ""),
        "name": tags.get("Name", ""),
    }


def _group(group: Any) -> dict[str, Any]:
    return {
        "name": group.name,
        "min": group.min_size,
        "desired": group.desired_capacity,
        "max": group.max_size,
        "instances": [[state.instance.id, state.lifecycle_state] for state in group.instance_states],
    }


def _listener(listener: ListenerState) -> dict[str, Any]:
    rules = [
        {"priority": rule.priority, "when": _when(rule), "then": _then(rule.action)}
        for rule in listener.rules
    ]
    return {"port": listener.port, "rules": rules, "default": _then(listener.default)}


def _when(rule: Rule) -> str:
    conditions = [f"path {' or '.join(rule.path_patterns)}"] if rule.path_patterns else []
    if rule.host_headers:
        conditions.append(f"host {' or '.join(rule.host_headers)}")
    # Values of headers are left out: a rule's header may hold a secret, and this is printed.
    conditions += [f"header {name}" for name, _ in rule.headers]
    return ", ".join(conditions)


def _then(action: Action) -> dict[str, Any]:
    if action.kind == "forward":
        return {
            "kind": action.kind,
            "weights": {arn.split("/")[-2]: weight for arn, weight in action.weights},
        }
    return {"kind": action.kind, "status": action.status}


def _target_group(plane: ControlPlane, group: Any) -> dict[str, Any]:
    return {
        "name": group.name,
        "arn": group.arn,
        "targets": [
            {
                "id": target,
                "address": plane.machines.address(target),
                "state": health.state,
                "reason": health.reason,
            }
            for target, health in plane.targets.health(group).items()
        ],
    }
