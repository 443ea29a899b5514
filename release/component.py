"""A release as the program defines it: the resources that make come true what is intended."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pulumi

from infra.environment import Outputs
from infra.kept import kept
from infra.settings import Settings
from release import model, priorities
from release.contract import Contract, contract_orders
from release.fleet import HEADER, Door, Fleet
from release.handing_over import Successor, early, hand_over, watched
from release.intent import Intent
from release.ledger import contracted, promote
from release.log_groups import LogGroups
from release.migration import Migration, order
from release.resources import Handover, TrafficShift
from release.scheduled import scheduled
from release.shrinking import shrink, warm_until
from release.watched import Watched
from release.who import who
from release.workers import Workers


class Release(pulumi.ComponentResource):
    """The fleets of the plan, and the one resource that owns the weights.

    `exports` are the stack's outputs. The ledger is among them, and follows the handover: it is known only when
    traffic, workers and schedules are those of the release that the plan wants, and it was baked.
    """

    exports: dict[str, pulumi.Input[Any]]

    def __init__(
        self,
        intent: Intent,
        environment: Outputs,
        settings: Settings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("uneventful:release:Release", "release", None, opts)
        self._intent = intent
        self._environment = environment
        self._settings = settings
        self._own = pulumi.ResourceOptions(parent=self)
        plan, ledger = intent.plan, intent.former.ledger
        key = self._probe_key()
        ever = [*(entry.release for entry in ledger.entries), *plan.fleets]
        self._logs = LogGroups(ever, environment, settings, self._own).names
        numbers = priorities.assign([r.id for r in plan.fleets], intent.former.priorities)
        self._migrations = {release.id: self._migration(release) for release in plan.fleets}
        fleets = {release.id: self._fleet(release, Door(numbers[release.id], key)) for release in plan.fleets}
        workers: dict[str, Mapping[str, Workers]] = {}
        told: pulumi.Input[dict[str, Any]] = ledger.dump()
        live: dict[str, str] = {}
        moved: list[pulumi.Resource] = []
        wanted = plan.wanted
        schedules = {
            release.id: scheduled(release, environment, self._migrations[release.id].login_secret_arn)
            for release in plan.fleets
        }
        if wanted is not None:
            fleet = fleets[wanted.id]
            workers[wanted.id] = self._workers(wanted, fleet, working=True, after=[])
            own = list(workers[wanted.id].values())
            known = watched(wanted, fleet, intent, environment, settings.rollout)
            shift = self._shift(wanted, fleet, workers[wanted.id], known)
            handover = hand_over(
                Successor(wanted, known, workers[wanted.id], schedules[wanted.id]),
                intent.former,
                environment,
                settings,
                self._logs,
                pulumi.ResourceOptions(parent=self, depends_on=[shift, *own]),
            )
            for release in plan.warm_after:
                workers[release.id] = self._workers(
                    release, fleets[release.id], working=False, after=[handover]
                )
            live = {"id": wanted.id, "version": wanted.version}
            told = self._told(shift, handover)
            self._shrinking(shift, handover, fleets, workers)
            moved = [handover]
        environment.bundles.keep({each.manifest.key for each in plan.fleets}, moved, self)
        self.exports = {
            "url": environment.url,
            "dnsName": environment.dns_name,
            "bundleBucket": environment.bundle_bucket,
            "listenerArn": environment.listener_arn,
            "live": live,
            "ledger": told,
            "fleets": {release_id: fleet.facts() for release_id, fleet in fleets.items()},
            "headerName": HEADER,
            "probeKey": key,
            "workers": {
                release_id: {process: each.group_name for process, each in groups.items()}
                for release_id, groups in workers.items()
            },
            "logGroups": dict(self._logs),
            "schedules": schedules,
            "scheduleGroup": environment.schedule_group,
            "queues": {name: queue.url for name, queue in environment.queues.items()},
            "operations": self._operations(),
            "operationsHost": environment.operations.host,
            "operationsLogGroup": environment.operations.log_group,
            "variablesSecret": environment.variables_secret_arn,
        }
        self.register_outputs({"live": live})

    def _told(self, shift: TrafficShift, handover: Handover) -> pulumi.Output[dict[str, Any]]:
        """The ledger once everything is where it belongs, and the contract, if one is wanted, in the database."""
        plan, former, window = self._intent.plan, self._intent.former.ledger, self._settings.window
        contraction, wanted, terms = plan.contraction, plan.wanted, self._intent.terms
        assert wanted is not None
        contracts = {
            each.release.id: Contract(each, self._environment, [handover], _moment, self._own)
            for each in contract_orders(former, contraction, who())
        }

        def promoted(known: Sequence[str]) -> dict[str, Any]:
            at, observed, followed, baked_until, *applied = known
            done = contracted(former, wanted.id, contraction.names, applied[0]) if contraction else former
            seen = "\n".join(part for part in (observed, followed) if part)
            baked = self._settings.rollout.bake if baked_until else 0
            return promote(
                done, wanted, window, at, replace(terms, by=who(), observed=seen, baked=baked)
            ).dump()

        contract = [contracts[wanted.id].applied_at] if contraction else []
        seen = (shift.live_at, shift.observed, handover.observed, handover.baked_until)
        return pulumi.Output.all(*seen, *contract).apply(promoted)

    def _operations(self) -> pulumi.Output[dict[str, Any]]:
        """What `release run` needs beside the ledger: how to reach the operations host, which is a secret, and what
        commands are told of the environment (`release.command.Place`; the logins by release).
        """
        environment, host = self._environment, self._environment.operations
        return pulumi.Output.secret(
            {
                "host": host.host,
                "port": host.port,
                "user": host.user,
                "hostKey": host.host_key,
                "key": host.private_key,
                "bucket": environment.bundle_bucket,
                "region": environment.region,
                "known": dict(environment.variables),
                "logins": {each: made.login_secret_arn for each, made in self._migrations.items()},
                "cache": environment.cache_secret_arn,
                "shared": environment.variables_secret_arn,
            }
        )

    def _probe_key(self) -> pulumi.Output[str]:
        """The environment's secret for trying single releases: made once, then kept in the state."""
        return kept("probe-key", secrets.token_hex(16), self._own)

    def _migration(self, release: model.Release) -> Migration:
        former, plan = self._intent.former.ledger, self._intent.plan
        running = [*plan.fleets, *plan.leaving]
        known = former.find(release.id) is not None
        return Migration(order(release, running, known, who()), self._environment, self._own)

    def _fleet(self, release: model.Release, door: Door) -> Fleet:
        migration, log_group = self._migrations[release.id], self._logs[model.WEB]
        plan, environment, settings = self._intent.plan, self._environment, self._settings
        boot, waits = plan.boots[release.id], release in plan.warm_after
        return Fleet(release, environment, settings, door, migration, log_group, boot, waits, self._own)

    def _shrinking(
        self,
        shift: TrafficShift,
        handover: Handover,
        fleets: Mapping[str, Fleet],
        workers: Mapping[str, Mapping[str, Workers]],
    ) -> None:
        """Those who are warm once everything is where it belongs leave when their time is over."""
        former, terms = self._intent.former.ledger, self._intent.terms
        for release in self._intent.plan.warm_after:
            until = warm_until(release, former, terms, shift.live_at)
            own = {process: each.group_name for process, each in workers[release.id].items()}
            if until is not None:
                fleet = fleets[release.id]
                shrink(release, {model.WEB: fleet.group_name, **own}, until, [handover], fleet)

    def _workers(
        self, release: model.Release, fleet: Fleet, working: bool, after: list[pulumi.Resource]
    ) -> Mapping[str, Workers]:
        return {
            process.name: Workers(
                release,
                process,
                self._environment,
                self._settings,
                self._migrations[release.id],
                self._logs[process.name],
                working,
                release.id in self._intent.former.unruly,
                after,
                self._intent.plan.boots[release.id],
                pulumi.ResourceOptions(parent=fleet),
            )
            for process in release.manifest.workers
        }

    def _kept(self, wanted: model.Release, fleet: Fleet, workers: list[Workers]) -> list[pulumi.Output[str]]:
        """The groups that were to shrink: their release is warm until a moment that may come during the update."""
        entry = self._intent.former.ledger.find(wanted.id)
        if entry is None or entry.state != "warm" or not entry.warm_until:
            return []
        return [fleet.group_name, *(each.group_name for each in workers)]

    def _shift(
        self, wanted: model.Release, fleet: Fleet, workers: Mapping[str, Workers], known: Watched
    ) -> TrafficShift:
        rollout, own = self._settings.rollout, list(workers.values())
        return TrafficShift(
            "traffic",
            known,
            steps=list(rollout.steps),
            observe=rollout.observe,
            drain=rollout.drain,
            **early(wanted, workers, self._intent.former, rollout),
            log_groups=dict(self._logs),
            deadline=rollout.handover,
            groups=self._kept(wanted, fleet, own),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[fleet.gate, *own]),
        )


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
