"""Target tracking policies carried out: the only thing beside the API that changes a group's desired capacity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from localcloud.controlplane.cloudwatch.policies import (
    IN_MINUTES,
    WARM_UP,
    Capacity,
    Tracking,
    agreed,
    tracking,
    wanted,
)
from localcloud.controlplane.cloudwatch.queries import PERIOD, answer
from localcloud.controlplane.cloudwatch.statistics import MetricsRefused, Readings

TRACKING = "TargetTrackingScaling"
SUSPENDED = "AlarmNotification"
MINUTE = timedelta(seconds=PERIOD)
RESTS = IN_MINUTES * MINUTE


@dataclass(frozen=True)
class _Change:
    """`working` is how many instances worked when the group began to grow, until the new ones are `warm`."""

    at: datetime
    warm: datetime
    working: int


class Scaler:
    """Reads policies of one moto AutoScalingBackend. Times are UTC without a time zone."""

    def __init__(self, on_log: Callable[[str], None]) -> None:
        self._log = on_log
        self._changes: dict[str, _Change] = {}
        self._refused: dict[str, str] = {}

    def step(self, backend: Any, readings: Readings, now: datetime) -> None:
        """Let every group have the capacity that its policies want."""
        policies: dict[str, list[Any]] = {}
        for policy in list(backend.policies.values()):
            if policy.policy_type == TRACKING:
                policies.setdefault(policy.auto_scaling_group_name, []).append(policy)
        self._changes = {
            name: change for name, change in self._changes.items() if name in backend.autoscaling_groups
        }
        for name, held in policies.items():
            group = backend.autoscaling_groups.get(name)
            if group is not None and SUSPENDED not in group._suspended_processes:
                self._scale(group, held, readings, now)

    def _scale(self, group: Any, policies: list[Any], readings: Readings, now: datetime) -> None:
        capacity = self._capacity(group, now)
        answers, warm_up = [], 0.0
        for policy in policies:
            try:
                one = _tracking(policy, group)
                answers.append(wanted(one, _minutes(one, readings, now), capacity))
                warm_up = max(warm_up, one.warm_up)
            except MetricsRefused as refused:
                if self._refused.get(policy.arn) != str(refused):
                    self._refused[policy.arn] = str(refused)
                    self._log(f"scaling policy {policy.name} does nothing: {refused}")
        count = agreed(capacity.desired, answers)
        if count == capacity.desired:
            return
        names = ", ".join(policy.name for policy in policies)
        self._log(f"{group.name}: {count} instances instead of {capacity.desired}, by its policy {names}")
        warm = now + timedelta(seconds=warm_up) if count > capacity.desired else now
        self._changes[group.name] = _Change(now, warm, capacity.working)
        group.set_desired_capacity(count)

    def _capacity(self, group: Any, now: datetime) -> Capacity:
        change = self._changes.get(group.name)
        warming = change is not None and now < change.warm
        in_service = sum(state.lifecycle_state == "InService" for state in group.instance_states)
        return Capacity(
            least=group.min_size,
            most=group.max_size,
            desired=group.desired_capacity,
            working=change.working if change is not None and warming else in_service,
            warming=warming,
            rested=change is None or now - change.at >= RESTS,
        )


def _tracking(policy: Any, group: Any) -> Tracking:
    told = policy.target_tracking_configuration
    warm_up = policy.estimated_instance_warmup or group.default_cooldown or WARM_UP
    return tracking(vars(told) if told else {}, group.name, float(warm_up))


def _minutes(one: Tracking, readings: Readings, now: datetime) -> list[float | None]:
    """The values of the last whole minutes."""
    current = now.replace(second=0, microsecond=0)
    found = answer(one.queries, readings, current - IN_MINUTES * MINUTE, current)[one.id]
    return [found.get(current - n * MINUTE) for n in range(IN_MINUTES, 0, -1)]
