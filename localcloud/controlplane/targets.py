"""Targets made real: what is in a target group, what the data plane gets of it, and how healthy AWS's API
says it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.elbv2.exceptions import TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup

from localcloud.controlplane.hooks import Hook, after
from localcloud.controlplane.machines import Machines
from localcloud.controlplane.registrations import Key, Registrations
from localcloud.controlplane.routing import Routing, health_check
from localcloud.parts import (
    Balancer,
    BalancerState,
    Endpoint,
    HealthCheck,
    Target,
    TargetGroupState,
    TargetHealth,
)

NOT_IN_USE = TargetHealth(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
NOT_REGISTERED = TargetHealth(
    "unused", "Target.NotRegistered", "Target is not registered to the target group"
)
REGISTERING = TargetHealth("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
DRAINING = TargetHealth("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
OPINION_SECONDS = 1.0
"""How old the health may be that auto-scaling goes by; it is asked for far more often than AWS does."""


class Targets:
    """`backend` gives moto's ELBv2Backend, `slow_healthy` the knob of that name in seconds. The control
    plane holds its lock around everything here."""

    def __init__(
        self,
        backend: Callable[[], Any],
        machines: Machines,
        balancer: Balancer,
        slow_healthy: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._backend = backend
        self._machines = machines
        self._balancer = balancer
        self._slow_healthy = slow_healthy
        self._clock = clock
        self._registrations = Registrations(clock)
        self._opinions: dict[str, tuple[float, Mapping[Endpoint, TargetHealth]]] = {}
        self.in_use: frozenset[str] = frozenset()
        """ARNs of the target groups that some listener or rule names in the API."""

    def hooks(self, locked: Callable[..., Any]) -> tuple[Hook, ...]:
        """`locked` makes a function hold the control plane's lock."""
        group = FakeTargetGroup
        return (
            Hook(group, "register", ("targets",), after(locked(self._registered))),
            Hook(group, "deregister", ("targets",), locked(self._deregister)),
            Hook(group, "deregister_terminated_instances", ("instance_ids",), _done_already),
            Hook(
                ELBv2Backend,
                "describe_target_health",
                ("target_group_arn", "targets"),
                locked(self._describe),
            ),
        )

    # --- what the API asks for ---

    def _registered(self, _result: None, group: Any, targets: Iterable[Mapping[str, Any]]) -> None:
        for target in targets:
            self._registrations.registered(group.arn, target["Id"])

    def _deregister(self, original: Callable[..., None], group: Any, targets: list[dict[str, Any]]) -> None:
        ports = {
            target["Id"]: group.targets.get(target["Id"], {}).get("Port", group.port) for target in targets
        }
        original(group, targets)
        delay = float(group.attributes["deregistration_delay.timeout_seconds"])
        for target, port in ports.items():
            self._registrations.deregistered(group.arn, target, int(port), delay, group.arn in self.in_use)

    def _describe(
        self, _original: Any, backend: Any, target_group_arn: str, targets: list[dict[str, Any]]
    ) -> Any:
        group = backend.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError()
        drains = self._registrations.drains(group.arn)
        asked = [target["Id"] for target in targets] or [*group.targets, *drains]
        seen = self._balancer.health(group.arn)
        answers = []
        for target in asked:
            port = int(self._port(group, target))
            health = self._health(group, target, seen)
            checked = health_check(group).port or port
            answers.append(
                FakeHealthStatus(
                    target,
                    str(port),
                    str(checked),
                    health.state,
                    health.reason or None,
                    health.description or None,
                )
            )
        return answers

    def _port(self, group: Any, target: str) -> int:
        drain = self._registrations.drain(group.arn, target)
        registered = group.targets.get(target)
        return int(registered["Port"] if registered else drain.port if drain else group.port)

    def _health(self, group: Any, target: str, seen: Mapping[Endpoint, TargetHealth]) -> TargetHealth:
        if target not in group.targets:
            return DRAINING if self._registrations.drain(group.arn, target) else NOT_REGISTERED
        state = self._machines.state(target) if target.startswith("i-") else "running"
        if state != "running":
            return TargetHealth("unused", "Target.InvalidState", f"Target is in the {state} state")
        if group.arn not in self.in_use:
            return NOT_IN_USE
        address = self._machines.address(target)
        if address is None or self._held_back(group, target):
            return REGISTERING
        return seen.get((address, self._port(group, target)), REGISTERING)

    def _held_back(self, group: Any, target: str) -> bool:
        return self._registrations.age(group.arn, target) < self._slow_healthy()

    def health(self, group: Any) -> dict[str, TargetHealth]:
        """The health of every target that the API shows in one of moto's target groups, by target id."""
        seen = self._balancer.health(group.arn)
        shown = [*group.targets, *self._registrations.drains(group.arn)]
        return {target: self._health(group, target, seen) for target in shown}

    def go_on(self) -> None:
        """Take the targets that the API holds for registered just now."""
        for group in self._backend().target_groups.values():
            for target in group.targets:
                self._registrations.registered(group.arn, target)

    # --- what auto-scaling asks for ---

    def register(self, instance_id: str, arns: Iterable[str]) -> None:
        """Make an instance a target of those of the groups that exist, where it is not one."""
        for group in self._groups(arns):
            if instance_id not in group.targets:
                group.register([{"Id": instance_id, "Port": int(group.port)}])

    def deregister(self, instance_id: str) -> None:
        """Take an instance out of every target group that has it; it drains."""
        for group in list(self._backend().target_groups.values()):
            if instance_id in group.targets:
                group.deregister([{"Id": instance_id}])

    def draining(self, instance_id: str) -> bool:
        return self._registrations.draining(instance_id)

    def serving(self, instance_id: str, arns: Iterable[str]) -> bool | None:
        """False when one of the groups finds the instance unhealthy, True when one finds it healthy, else
        None."""
        states = set()
        for group in self._groups(arns):
            if instance_id in group.targets and group.arn in self.in_use:
                states.add(self._health(group, instance_id, self._opinion(group.arn)).state)
        return False if "unhealthy" in states else True if "healthy" in states else None

    def _opinion(self, arn: str) -> Mapping[Endpoint, TargetHealth]:
        at, seen = self._opinions.get(arn, (float("-inf"), {}))
        if self._clock() - at > OPINION_SECONDS:
            seen = self._balancer.health(arn)
            self._opinions[arn] = (self._clock(), seen)
        return seen

    def _groups(self, arns: Iterable[str]) -> list[Any]:
        held = self._backend().target_groups
        return [held[arn] for arn in arns if arn in held]

    # --- what the data plane gets ---

    def step(self) -> None:
        """Advance the drains."""
        self._registrations.forget_groups(frozenset(self._backend().target_groups))
        in_flight = {arn: self._balancer.active_requests(arn) for arn in self._registrations.unfinished()}

        def active(key: Key, port: int) -> int:
            address = self._machines.address(key[1])
            return 0 if address is None else in_flight[key[0]].get((address, port), 0)

        def alive(target: str) -> bool:
            instance = self._machines.instance_of(target)
            return not instance or not self._machines.gone(instance)

        self._registrations.step(active, alive)

    def states(self, served: Iterable[Routing]) -> tuple[BalancerState, ...]:
        """The whole truth for the data plane when it serves these routings."""
        return tuple(
            BalancerState(
                arn=routing.arn,
                address=routing.address,
                listeners=routing.listeners,
                target_groups=tuple(self._group_state(arn) for arn in routing.groups()),
                idle_timeout=routing.idle_timeout,
            )
            for routing in served
        )

    def _group_state(self, arn: str) -> TargetGroupState:
        name = arn.split("/")[-2]
        group = self._backend().target_groups.get(arn)
        if group is None:
            # A data plane that is behind may still name a group which the API has deleted.
            return TargetGroupState(arn, name, HealthCheck())
        drains = [
            (target, drain.port, True)
            for target, drain in self._registrations.drains(arn).items()
            if not drain.done
        ]
        serving = [
            (target, int(held["Port"]), False)
            for target, held in list(group.targets.items())
            if not self._held_back(group, target)
            and (not target.startswith("i-") or self._machines.state(target) == "running")
        ]
        targets = [
            Target(address, port, draining, self._machines.instance_of(target))
            for target, port, draining in (*serving, *drains)
            if (address := self._machines.address(target)) is not None
        ]
        return TargetGroupState(
            arn=arn,
            name=name,
            health_check=health_check(group),
            targets=tuple(targets),
            deregistration_delay=float(group.attributes["deregistration_delay.timeout_seconds"]),
            algorithm=group.attributes["load_balancing.algorithm.type"],
        )


def _done_already(_original: Any, _group: Any, _instance_ids: Any) -> None:
    """Instances are deregistered when they are told to end, which is before moto's EC2 says so here."""
