"""Stand-ins for the machines and the data plane, which do at once what they are told and remember it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.errors import PortTaken
from localcloud.parts import (
    BalancerState,
    Endpoint,
    GroupCounts,
    InstanceSpec,
    InstanceStatus,
    StoreState,
    StoreStatus,
    TargetHealth,
)


@dataclass
class FakeInstances:
    """`gone` machines stay `running` after `terminate` while `lingering`, as those that finish their requests."""

    specs: dict[str, InstanceSpec] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    lingering: bool = False

    def tell_tags(self, tags: Callable[[str], Mapping[str, str] | None]) -> None:
        self.tags = tags

    def start(self, spec: InstanceSpec) -> None:
        self.specs[spec.instance_id] = spec
        self.states[spec.instance_id] = "running"

    def terminate(self, instance_id: str) -> None:
        self.told.append(("terminate", instance_id))
        if not self.lingering:
            self.states[instance_id] = "gone"

    def stop(self, instance_id: str) -> None:
        self.told.append(("stop", instance_id))
        self.states[instance_id] = "stopped"

    def boot(self, instance_id: str) -> None:
        self.told.append(("boot", instance_id))
        self.states[instance_id] = "running"

    def adopt(self, spec: InstanceSpec) -> None:
        self.told.append(("adopt", spec.instance_id))
        self.specs[spec.instance_id] = spec
        self.states[spec.instance_id] = "stopped"

    def freeze(self, instance_id: str) -> None:
        self.told.append(("freeze", instance_id))

    def thaw(self, instance_id: str) -> None:
        self.told.append(("thaw", instance_id))

    def status(self, instance_id: str) -> InstanceStatus:
        return InstanceStatus(self.states.get(instance_id, "gone"))  # type: ignore[arg-type]

    def alive(self, instance_id: str) -> bool:
        return self.states.get(instance_id) == "running"

    def on_exit(self, callback: Callable[[str], None]) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class FakeBalancer:
    """`unwell` target addresses are unhealthy, all others healthy; `active` are requests in flight by address."""

    applied: list[tuple[BalancerState, ...]] = field(default_factory=list)
    unwell: set[str] = field(default_factory=set)
    active: dict[str, int] = field(default_factory=dict)
    counts: list[GroupCounts] = field(default_factory=list)
    refuse: PortTaken | None = None
    pid: int | None = None

    @property
    def state(self) -> tuple[BalancerState, ...]:
        return self.applied[-1] if self.applied else ()

    def apply(self, state: tuple[BalancerState, ...]) -> None:
        self.applied.append(state)
        if self.refuse:
            raise self.refuse

    def _targets(self, arn: str) -> list[tuple[Endpoint, bool]]:
        return [
            ((target.address, target.port), target.draining)
            for balancer in self.state
            for group in balancer.target_groups
            if group.arn == arn
            for target in group.targets
        ]

    def health(self, target_group_arn: str) -> Mapping[Endpoint, TargetHealth]:
        unwell = TargetHealth(
            "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [500]"
        )
        return {
            at: unwell if at[0] in self.unwell else TargetHealth("healthy")
            for at, draining in self._targets(target_group_arn)
            if not draining
        }

    def active_requests(self, target_group_arn: str) -> Mapping[Endpoint, int]:
        return {at: self.active.get(at[0], 0) for at, _ in self._targets(target_group_arn)}

    def take_counts(self) -> tuple[GroupCounts, ...]:
        taken, self.counts = tuple(self.counts), []
        return taken

    def close(self) -> None:
        pass


@dataclass
class FakeClock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeStores:
    """Databases or caches that are what `states` says, `starting` unless it says something."""

    version: str = "18.6"
    asked: list[tuple[str, Any]] = field(default_factory=list)
    states: dict[str, StoreState] = field(default_factory=dict)

    def create(self, spec: Any) -> None:
        self.asked.append(("create", spec))
        self.states.setdefault(spec.identifier, "starting")

    def open(self, spec: Any) -> None:
        self.asked.append(("open", spec))

    def change(self, spec: Any) -> None:
        self.asked.append(("change", spec))

    def restart(self, identifier: str) -> None:
        self.asked.append(("restart", identifier))

    def stop(self, identifier: str) -> None:
        self.asked.append(("stop", identifier))

    def delete(self, identifier: str) -> None:
        self.asked.append(("delete", identifier))
        self.states.pop(identifier, None)

    def status(self, identifier: str) -> StoreStatus:
        return StoreStatus(self.states.get(identifier, "gone"))

    def close(self) -> None:
        pass
