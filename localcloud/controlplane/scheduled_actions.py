"""Scheduled actions of auto-scaling groups, carried out once their time has come; then they are gone, as on AWS.

Those that recur are kept and not carried out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend

from localcloud.controlplane.hooks import Hook

PUT = "name desired_capacity max_size min_size scheduled_action_name start_time end_time recurrence timezone"


class ScheduledActions:
    """`backend` gives moto's AutoScalingBackend, `wall` the time, with its zone."""

    def __init__(
        self,
        backend: Callable[[], Any],
        on_log: Callable[[str], None],
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._backend = backend
        self._log = on_log
        self.wall = wall

    def hooks(self, locked: Callable[..., Any]) -> tuple[Hook, ...]:
        """`locked` makes a function hold the control plane's lock."""
        owner = AutoScalingBackend
        return (
            Hook(owner, "put_scheduled_update_group_action", tuple(PUT.split()), locked(self._put)),
            Hook(
                owner,
                "delete_scheduled_action",
                ("auto_scaling_group_name", "scheduled_action_name"),
                locked(self._delete),
            ),
        )

    def step(self) -> None:
        """Carry out what is due, and forget what belongs to groups that are gone. To be called every few seconds."""
        backend, now = self._backend(), self.wall()
        for key, action in list(backend.scheduled_actions.items()):
            group = backend.autoscaling_groups.get(action.auto_scaling_group_name)
            at = _time(action.start_time)
            if group is None:
                del backend.scheduled_actions[key]
            elif not action.recurrence and at is not None and at <= now:
                del backend.scheduled_actions[key]
                self._carry_out(group, action)

    def _carry_out(self, group: Any, action: Any) -> None:
        least = group.min_size if action.min_size is None else action.min_size
        most = group.max_size if action.max_size is None else action.max_size
        wanted = group.desired_capacity if action.desired_capacity is None else action.desired_capacity
        if least > most:
            self._log(f"{group.name}: {action.scheduled_action_name} is refused: {least} to {most} instances")
            return
        group.min_size, group.max_size = least, most
        group.desired_capacity = min(max(wanted, least), most)
        self._log(
            f"{group.name}: {group.desired_capacity} instances, by its scheduled action {action.scheduled_action_name}"
        )

    def _put(self, original: Callable[..., Any], backend: Any, **asked: Any) -> Any:
        """moto takes any time, and knows one action of a name however many groups there are."""
        name, at = asked["name"], _time(asked["start_time"])
        if name not in backend.autoscaling_groups:
            raise ValidationError(f"Group {name} not found")
        if at is not None and at <= self.wall():
            raise ValidationError("Given start time is in the past")
        action = original(backend, **asked)
        backend.scheduled_actions[name, action.scheduled_action_name] = backend.scheduled_actions.pop(
            action.scheduled_action_name
        )
        return action

    def _delete(
        self,
        original: Callable[..., Any],
        backend: Any,
        auto_scaling_group_name: str,
        scheduled_action_name: str,
    ) -> None:
        original(backend, auto_scaling_group_name, scheduled_action_name)
        backend.scheduled_actions.pop((auto_scaling_group_name, scheduled_action_name), None)


def _time(held: Any) -> datetime | None:
    """moto keeps times as they came: text, or what its parser made of it."""
    if not held:
        return None
    at = held if isinstance(held, datetime) else datetime.fromisoformat(str(held))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
