"""CloudWatch as the control plane holds it: measures what runs, lets alarms ring and policies scale."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.controlplane.caches import CacheGroups
from localcloud.controlplane.cloudwatch import balancers, machines, queues, stores
from localcloud.controlplane.cloudwatch.actions import Actions
from localcloud.controlplane.cloudwatch.alarmclock import AlarmClock
from localcloud.controlplane.cloudwatch.balancers import Placed
from localcloud.controlplane.cloudwatch.machines import Group
from localcloud.controlplane.cloudwatch.metricsapi import metrics_api
from localcloud.controlplane.cloudwatch.policies import IN_MINUTES
from localcloud.controlplane.cloudwatch.recorder import Recorder
from localcloud.controlplane.cloudwatch.samples import Sample
from localcloud.controlplane.cloudwatch.scaler import Scaler
from localcloud.controlplane.cloudwatch.statistics import Readings
from localcloud.controlplane.cloudwatch.usage import Processes, Usage, processes
from localcloud.controlplane.databases import DatabaseInstances
from localcloud.controlplane.hooks import Hook
from localcloud.controlplane.machines import GROUP_TAG, Machines
from localcloud.controlplane.routing import routing
from localcloud.controlplane.targets import Targets
from localcloud.parts import Balancer, Instances

STORAGE_SECONDS = 60.0
"""How often a database's files are counted; there are a thousand of them."""
SHOWN_AS_RUNNING = ("available", "modifying", "backing-up")


class CloudWatch:
    """`backend` gives moto's backend of a service by its name. The control plane holds its lock around `record` and
    `look`. `clock` is for durations, `wall` for timestamps (UTC)."""

    def __init__(
        self,
        backend: Callable[[str], Any],
        balancer: Balancer,
        instances: Instances,
        held: tuple[Machines, Targets, DatabaseInstances, CacheGroups],
        clock: Callable[[], float],
        on_log: Callable[[str], None],
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        seen: Callable[[], Processes] = processes,
    ) -> None:
        self._backend = backend
        self._balancer = balancer
        self._instances = instances
        self._machines, self._targets, self._databases, self._caches = held
        self._clock = clock
        self.wall = wall
        self._seen = seen
        self._usage = Usage(clock)
        self._recorder = Recorder()
        self._healthy: dict[Placed, int] = {}
        self._stored: dict[str, tuple[float, int]] = {}
        self._alarms = AlarmClock(Actions(backend, on_log).act, on_log, self._now)
        self._scaler = Scaler(on_log)

    def hooks(self) -> tuple[Hook, ...]:
        return (*metrics_api(), *self._alarms.hooks())

    def _now(self) -> datetime:
        return self.wall().astimezone(UTC).replace(tzinfo=None)

    def record(self) -> None:
        """Put what the load balancers counted. To be called every second."""
        counted = balancers.counted(self._balancer.take_counts(), self._healthy)
        self._recorder.record(self._backend("cloudwatch"), counted, self._now())

    def look(self) -> None:
        """Measure all that is to be measured by looking, then let alarms and policies act. To be called every 5 s: with
        20 alarms and an hour of figures of a whole environment that is 0.1 % of a processor."""
        now, backend = self._now(), self._backend("cloudwatch")
        self._recorder.record(backend, [*self._hosts(), *self._processes(), *self._counts()], now)
        self._alarms.look(backend)
        recent = Readings(list(backend.metric_data), now - timedelta(minutes=IN_MINUTES + 1))
        self._scaler.step(self._backend("autoscaling"), recent, now)

    def _hosts(self) -> Iterator[Sample]:
        elb = self._backend("elbv2")
        states = {}
        for balancer in list(elb.load_balancers.values()):
            for arn in routing(balancer).groups():
                group = elb.target_groups.get(arn)
                if group is not None:
                    seen = self._targets.health(group)
                    states[balancer.arn, arn] = [health.state for health in seen.values()]
        self._healthy = {placed: seen.count("healthy") for placed, seen in states.items()}
        return balancers.hosts(states)

    def _counts(self) -> Iterator[Sample]:
        yield from queues.depths(list(self._backend("sqs").queues.values()), self.wall().timestamp())
        groups = list(self._backend("autoscaling").autoscaling_groups.values())
        yield from machines.sizes(
            Group(
                name=group.name,
                least=group.min_size,
                most=group.max_size,
                desired=group.desired_capacity,
                states=tuple(state.lifecycle_state for state in group.instance_states),
                metrics=tuple(group.metrics),
            )
            for group in groups
        )

    def _processes(self) -> Iterator[Sample]:
        ids = self._machines.ids()
        databases = [one for one in self._databases.shown() if one["state"] in SHOWN_AS_RUNNING]
        caches = [one for one in self._caches.shown() if one["state"] in SHOWN_AS_RUNNING]
        roots = {
            **{name: self._instances.status(name).pids for name in ids},
            **{f"database {one['id']}": one["pids"] for one in databases},
            **{f"cache {one['id']}": one["pids"] for one in caches},
        }
        families = self._usage.look(self._seen(), roots)
        whole = 100 / (os.cpu_count() or 1)
        percent = {name: used * whole for name, used in self._usage.processors.items()}
        measured = {name: percent[name] for name in ids if name in percent and families[name]}
        yield from machines.processor_use(
            measured, {name: group for name in measured if (group := self._group_of(name))}
        )
        yield from stores.databases(self._database(one["id"], families, percent) for one in databases)
        yield from stores.caches(
            self._cache(one["id"], families, percent, self._usage.processors) for one in caches
        )

    def _group_of(self, instance_id: str) -> str:
        tags = {tag["key"]: tag["value"] for tag in self._machines.record(instance_id).get_tags()}
        return str(tags.get(GROUP_TAG, ""))

    def _database(
        self, identifier: str, families: dict[str, list[int]], percent: dict[str, float]
    ) -> stores.DatabaseFigures:
        family = families[f"database {identifier}"]
        at, used = self._stored.get(identifier, (float("-inf"), 0))
        if self._clock() - at >= STORAGE_SECONDS:
            used = stores.stored(family)
            self._stored[identifier] = (self._clock(), used)
        allocated = self._backend("rds").databases[identifier].allocated_storage
        return stores.DatabaseFigures(
            identifier=identifier,
            percent=percent.get(f"database {identifier}", 0.0),
            sessions=stores.sessions(family),
            used=used,
            allocated=int(allocated) * stores.GIB,
        )

    def _cache(
        self,
        identifier: str,
        families: dict[str, list[int]],
        percent: dict[str, float],
        processors: dict[str, float],
    ) -> stores.CacheFigures:
        family, name = families[f"cache {identifier}"], f"cache {identifier}"
        group = self._backend("elasticache").replication_groups[identifier]
        return stores.CacheFigures(
            nodes=tuple(group.member_clusters),
            percent=percent.get(name, 0.0),
            engine=100 * processors.get(name, 0.0),
            connections=stores.connections(family),
            memory=stores.resident(family),
            node_type=group.cache_node_type or "",
        )
