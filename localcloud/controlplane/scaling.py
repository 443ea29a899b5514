"""Auto-scaling groups made real: instances are launched, registered, watched, drained and replaced.

moto only keeps what a group wants to be; this carries it out, step by step, and keeps the group's list of
instances true: an instance that leaves is `Terminating` in it until its machine has ended.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import (
    AutoScalingBackend,
    FakeAutoScalingGroup,
    InstanceState,
    TerminateInstanceActivity,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import EmptyResult

from localcloud.controlplane.hooks import Hook, after
from localcloud.controlplane.machines import GROUP_TAG, Machines
from localcloud.controlplane.replacement import Group, Member, decide
from localcloud.controlplane.targets import Targets

IN_SERVICE = "InService"
TERMINATING = "Terminating"
UPDATE = (
    "availability_zones desired_capacity max_size min_size launch_config_name launch_template "
    "vpc_zone_identifier health_check_period health_check_type new_instances_protected_from_scale_in "
    "mixed_instances_policy"
)


class Scaling:
    """`backend` gives moto's AutoScalingBackend. The control plane holds its lock around everything here."""

    def __init__(
        self,
        backend: Callable[[], Any],
        machines: Machines,
        targets: Targets,
        clock: Callable[[], float],
        on_log: Callable[[str], None],
    ) -> None:
        self._backend = backend
        self._machines = machines
        self._targets = targets
        self._clock = clock
        self._log = on_log
        self._in_service_since: dict[str, float] = {}
        self._dice = random.Random()

    def hooks(self, locked: Callable[..., Any]) -> tuple[Hook, ...]:
        """`locked` makes a function hold the control plane's lock."""
        group = FakeAutoScalingGroup
        backend = AutoScalingBackend
        return (
            Hook(group, "set_desired_capacity", ("new_capacity",), locked(self._want)),
            Hook(group, "update", tuple(UPDATE.split()), after(locked(self._within_limits))),
            Hook(backend, "update_attached_target_groups", ("group_name",), _leave_to_steps),
            Hook(backend, "notify_terminate_instances", ("instance_ids",), _leave_to_steps),
            Hook(
                backend,
                "terminate_instance",
                ("instance_id", "should_decrement"),
                locked(self._terminate_one),
            ),
            Hook(AutoScalingResponse, "delete_auto_scaling_group", (), locked(self._delete)),
        )

    # --- what the API asks for ---

    def _want(self, _original: Any, group: Any, new_capacity: int | None) -> None:
        wanted = group.min_size if new_capacity is None else new_capacity
        if not (group.min_size or 0) <= wanted <= group.max_size:
            raise ValidationError(
                f"New SetDesiredCapacity value {wanted} is outside of the limits {group.min_size} to "
                f"{group.max_size} of the AutoScalingGroup {group.name}."
            )
        group.desired_capacity = wanted

    def _within_limits(self, _result: None, group: Any, *_args: Any, **_kwargs: Any) -> None:
        group.desired_capacity = min(max(group.desired_capacity, group.min_size), group.max_size)

    def _terminate_one(
        self, _original: Any, backend: Any, instance_id: str, should_decrement: bool
    ) -> TerminateInstanceActivity:
        for group in backend.autoscaling_groups.values():
            for state in group.instance_states:
                if state.instance.id == instance_id:
                    before = group.desired_capacity
                    if should_decrement:
                        self._want(None, group, before - 1)
                    self._retire(group, state, "asked for by the API")
                    return TerminateInstanceActivity(state.instance, before)
        raise ValidationError(
            f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
        )

    def _delete(self, _original: Any, response: Any) -> EmptyResult:
        name = response._get_param("AutoScalingGroupName")
        group = self._backend().autoscaling_groups.get(name)
        if group is None:
            raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        if group.instance_states and not response._get_bool_param("ForceDelete", False):
            raise AutoscalingClientError(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance "
                "request(s) still in the group.",
            )
        group.status = "Delete in progress"
        group.min_size = group.max_size = group.desired_capacity = 0
        self.step()
        return EmptyResult()

    # --- what is carried out ---

    def step(self) -> None:
        """Bring every group one step nearer to what it wants to be."""
        backend = self._backend()
        for group in list(backend.autoscaling_groups.values()):
            self._finish_terminating(group)
            decision = decide(self._seen(group))
            by_id = {state.instance.id: state for state in group.instance_states}
            for instance_id, why in decision.lost:
                by_id[instance_id].health_status = "Unhealthy"
                self._retire(group, by_id[instance_id], f"{why}; it is replaced")
            for instance_id in decision.retired:
                self._retire(group, by_id[instance_id], f"{group.name} wants {group.desired_capacity}")
            if decision.launch:
                self._launch(group, decision.launch)
            self._register(group)
            if getattr(group, "status", None) and not group.instance_states:
                backend.autoscaling_groups.pop(group.name, None)
                self._log(f"auto-scaling group {group.name} deleted")

    def _seen(self, group: Any) -> Group:
        now = self._clock()
        members = [
            Member(
                instance_id=state.instance.id,
                age=now - self._in_service_since.setdefault(state.instance.id, now),
                alive=not self._machines.gone(state.instance.id) and state.instance.state == "running",
                serving=self._targets.serving(state.instance.id, group.target_group_arns),
                marked=state.health_status == "Unhealthy",
                protected=bool(state.protected_from_scale_in),
            )
            for state in group.instance_states
            if state.lifecycle_state == IN_SERVICE
        ]
        return Group(
            name=group.name,
            desired=group.desired_capacity or 0,
            grace=float(group.health_check_grace_period or 0),
            checked_by="ELB" if "ELB" in group.health_check_type else "EC2",
            members=tuple(members),
            suspended=frozenset(group._suspended_processes),
        )

    def _launch(self, group: Any, count: int) -> None:
        subnets = group.vpc_zone_identifier.split(",") if group.vpc_zone_identifier else []
        for _ in range(count):
            per_subnet = Counter(state.instance.subnet_id for state in group.instance_states)
            template = group.ec2_launch_template
            reservation = group.ec2_backend.run_instances(
                group.image_id,
                1,
                group.user_data,
                group.security_groups,
                instance_type=group.instance_type,
                tags={
                    "instance": {**group.instance_tags, **group.get_propagated_tags(), GROUP_TAG: group.name}
                },
                placement=self._dice.choice(group.availability_zones),
                launch_config=group.launch_config,
                launch_template=_version(template, group) if template else None,
                is_instance_type_default=False,
                associate_public_ip=None,
                subnet_id=min(subnets, key=lambda subnet: per_subnet[subnet]) if subnets else None,
            )
            for instance in reservation.instances:
                instance.autoscaling_group = group
                protected = group.new_instances_protected_from_scale_in
                group.instance_states.append(InstanceState(instance, protected_from_scale_in=protected))
                self._in_service_since[instance.id] = self._clock()

    def _register(self, group: Any) -> None:
        if "AddToLoadBalancer" in group._suspended_processes:
            return
        for state in group.instance_states:
            if state.lifecycle_state == IN_SERVICE and state.instance.state == "running":
                self._targets.register(state.instance.id, group.target_group_arns)

    def _retire(self, group: Any, state: Any, why: str) -> None:
        """Take an instance out: no new request to it, then the drain, then SIGTERM (in later steps)."""
        if state.lifecycle_state == TERMINATING:
            return
        state.lifecycle_state = TERMINATING
        self._log(f"instance {state.instance.id} of {group.name} leaves: {why}")
        self._targets.deregister(state.instance.id)
        self._finish_terminating(group)

    def _finish_terminating(self, group: Any) -> None:
        for state in [state for state in group.instance_states if state.lifecycle_state == TERMINATING]:
            instance_id = state.instance.id
            if self._targets.draining(instance_id):
                continue
            self._machines.terminate(instance_id)
            if self._machines.gone(instance_id):
                group.instance_states = [kept for kept in group.instance_states if kept is not state]
                self._in_service_since.pop(instance_id, None)


def _version(template: Any, group: Any) -> dict[str, str]:
    return {"LaunchTemplateId": template.id, "Version": str(group.launch_template_version)}


def _leave_to_steps(_original: Any, *_args: Any, **_kwargs: Any) -> None:
    """What moto would do at once, and wrongly, the next step does."""
