"""The control plane as a whole: moto's state carried out by instances and load balancers."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock, RLock
from typing import Any

from moto.backends import get_backend

from localcloud.addresses import AddressPool
from localcloud.controlplane.balancers import Balancers
from localcloud.controlplane.caches import CacheGroups
from localcloud.controlplane.cloudwatch.cloudwatch import CloudWatch
from localcloud.controlplane.corrections import corrections
from localcloud.controlplane.databases import DatabaseInstances, KeptDatabases
from localcloud.controlplane.delay import DelayedRouting
from localcloud.controlplane.hooks import Hooks
from localcloud.controlplane.keeping import dump, load
from localcloud.controlplane.machines import KeptMachines, Machines
from localcloud.controlplane.managed_secrets import managed_secrets
from localcloud.controlplane.routing import Routing, routing
from localcloud.controlplane.scaling import Scaling
from localcloud.controlplane.scheduled_actions import ScheduledActions
from localcloud.controlplane.schedules.schedules import KeptSchedules, Schedules
from localcloud.controlplane.targets import Targets
from localcloud.errors import CloudError
from localcloud.faults import FaultBoard
from localcloud.kept import Contents
from localcloud.location import Location
from localcloud.parts import Balancer, BalancerState, Caches, Databases, Instances

RETRY_SECONDS = 2.0
"""How long until a data plane that refused a state is asked again."""


@dataclass(frozen=True)
class Kept:
    """What the control plane holds beside moto."""

    machines: KeptMachines
    databases: KeptDatabases
    caches: tuple[Any, ...]
    addresses: Mapping[str, str]
    schedules: KeptSchedules | None = None


class ControlPlane:
    """Puts hooks into moto when constructed and takes them out in `close`; one at a time in a process."""

    def __init__(
        self,
        instances: Instances,
        balancer: Balancer,
        databases: Databases,
        caches: Caches,
        pool: AddressPool,
        board: FaultBoard,
        location: Location,
        credentials: Callable[[], Mapping[str, str]],
        on_log: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._balancer = balancer
        self._board = board
        self._location = location
        self._log = on_log
        self._clock = clock
        self._lock = RLock()
        self._applying = Lock()
        self._delayed = DelayedRouting()
        self._applied: tuple[BalancerState, ...] = ()
        self._retry_at = 0.0
        self._pool = pool
        self._resting = False
        self.problem = ""
        """What the data plane refuses at present, for a person to read; empty when it serves all that it
        should."""
        self.machines = Machines(instances, pool, credentials, on_log)
        self.targets = Targets(
            self.elb, self.machines, balancer, lambda: self._board.faults.slow_healthy, clock
        )
        self.balancers = Balancers(pool, on_log)
        self.databases = DatabaseInstances(databases, pool, on_log)
        self.caches = CacheGroups(caches, pool, on_log)
        self.scaling = Scaling(self.groups, self.machines, self.targets, clock, on_log)
        self.machines.on_terminate = self._locked(self.targets.deregister)
        held = (self.machines, self.targets, self.databases, self.caches)
        self.cloudwatch = CloudWatch(self.backend, balancer, instances, held, clock, on_log)
        self.schedules = Schedules(
            self.backend, on_log, faster=lambda: self._board.faults.schedules_faster or 1.0
        )
        self.scheduled_actions = ScheduledActions(self.groups, on_log)
        self._hooks = Hooks()
        self._hooks.install(
            *corrections(),
            *self.balancers.hooks(),
            *self.machines.hooks(),
            *self.targets.hooks(self._locked),
            *self.scaling.hooks(self._locked),
            *self.databases.hooks(self._locked),
            *self.caches.hooks(self._locked),
            *managed_secrets(),
            *self.cloudwatch.hooks(),
            *self.schedules.hooks(),
            *self.scheduled_actions.hooks(self._locked),
        )

    def backend(self, service: str) -> Any:
        """moto's backend of this cloud for a service, by moto's name for it."""
        return get_backend(service)[self._location.account][self._location.region]

    def elb(self) -> Any:
        """moto's ELBv2Backend of this cloud."""
        return self.backend("elbv2")

    def groups(self) -> Any:
        """moto's AutoScalingBackend of this cloud."""
        return self.backend("autoscaling")

    def _locked(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def holding(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return function(*args, **kwargs)

        return holding

    def sync(self) -> None:
        """Carry out what the API holds; returns when the data plane serves it (unless `weights-delay` holds
        it back)."""
        with self._applying:
            if self._resting:
                return
            with self._lock:
                self.scaling.step()
                state = self._wanted()
            self._apply(state)

    def tick(self) -> None:
        """What happens by itself: drains end, machines die and are noticed, delays pass, schedules are due. To be
        called every 0.2 s."""
        self.schedules.step()
        with self._lock:
            self.targets.step()
            self.databases.step()
            self.caches.step()
            for instance_id in self.machines.step():
                self._log(f"instance {instance_id} is gone: its machine ended by itself")
                self.machines.terminate(instance_id)
        self.sync()

    def _wanted(self) -> tuple[BalancerState, ...]:
        held = tuple(self._routings())
        self.targets.in_use = frozenset(arn for one in held for arn in one.groups())
        served = self._delayed.follow(held, self._board.faults.weights_delay, self._clock())
        return self.targets.states(served)

    def _routings(self) -> list[Routing]:
        return [routing(balancer) for balancer in list(self.elb().load_balancers.values())]

    def _apply(self, state: tuple[BalancerState, ...]) -> None:
        if state == self._applied and not (self.problem and self._clock() >= self._retry_at):
            return
        self._applied = state
        try:
            self._balancer.apply(state)
        except CloudError as refused:
            self._retry_at = self._clock() + RETRY_SECONDS
            if self.problem != str(refused):
                self._log(f"the data plane refuses: {refused}")
            self.problem = str(refused)
        else:
            self.problem = ""

    @property
    def behind(self) -> bool:
        """Whether the data plane is held back by `weights-delay`."""
        return self._delayed.behind

    def record_metrics(self) -> None:
        """Give CloudWatch what the load balancers counted. To be called every second."""
        self.cloudwatch.record()

    def look(self) -> None:
        """Measure what runs, let alarms ring and policies scale. To be called every 5 s."""
        with self._lock:
            self.scheduled_actions.step()
            self.cloudwatch.look()

    # --- while the cloud is down ---

    def rest(self) -> None:
        """Carry out nothing any more: what ends from now on is neither noticed nor replaced."""
        self._resting = True

    def keep(self, bodies: frozenset[str] = frozenset()) -> Contents:
        """All that the API holds and what is behind it, for `go_on`; `bodies` are kept already. Nothing may change
        meanwhile."""
        with self._applying, self._lock:
            return dump(
                Kept(
                    self.machines.keep(),
                    self.databases.keep(),
                    self.caches.keep(),
                    self._pool.taken,
                    self.schedules.keep(),
                ),
                bodies,
            )

    def go_on(self, state: bytes, body: Callable[[str], bytes]) -> None:
        """Hold what an earlier cloud's `keep` gave; `body` gives a body by its name. Raises `NotUsable`, and then holds
        nothing."""
        found = load(state, body)
        self._pool.hold(found.addresses)
        self.machines.go_on(found.machines)
        self.databases.go_on(found.databases)
        self.caches.go_on(found.caches)
        self.targets.go_on()
        if found.schedules:
            self.schedules.go_on(found.schedules)

    def close(self) -> None:
        self._hooks.remove()
