"""A release as the program defines it: what is intended, and the resources that make it come true."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.environment import Outputs
from infra.settings import Settings
from release import model, priorities
from release.boot import user_data, web_boot
from release.errors import StoreError
from release.fleet import HEADER, Door, Fleet
from release.former import Former
from release.ledger import promote
from release.plan import Plan, make_plan, resolve
from release.resources import TrafficShift
from release.store import BundleStore

LONGEST_BUCKET = 63
"""Characters (Amazon S3 User Guide, "Bucket naming rules")."""


@dataclass(frozen=True)
class Intent:
    """What an update is about to do, from what was (`former`) and what the plan makes of it."""

    former: Former
    plan: Plan


def intend(settings: Settings, former: Former, open_store: Callable[[str], BundleStore]) -> Intent:
    """The wanted release, looked up and frozen, and the plan to get there. Touches nothing.

    Raises what `resolve` and `user_data` raise, and StoreError when a version is wanted where there is no bucket
    yet.
    """

    def manifest_of(version: str) -> model.Manifest:
        if not former.bucket:
            raise _no_bucket(settings.stack, version)
        return open_store(former.bucket).manifest(version)

    wanted = resolve(former.ledger, settings.release, manifest_of, settings.variables)
    if wanted is not None:
        # What does not fit is refused here, for the longest name that a bucket can have, and not half way.
        user_data(web_boot(wanted, "b" * LONGEST_BUCKET, settings.region))
    return Intent(former, make_plan(former.ledger, wanted, settings.window, settings.web.min))


class Release(pulumi.ComponentResource):
    """The fleets of the plan, and the one resource that owns the weights.

    `exports` are the stack's outputs. The ledger is among them, and follows the shift: it is known only when
    the traffic is where the plan wants it.
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
        self._environment = environment
        self._settings = settings
        self._own = pulumi.ResourceOptions(parent=self)
        key = self._probe_key()
        numbers = priorities.assign([r.id for r in intent.plan.fleets], intent.former.priorities)
        fleets = {
            release.id: Fleet(release, environment, settings, Door(numbers[release.id], key), self._own)
            for release in intent.plan.fleets
        }
        ledger: pulumi.Input[dict[str, Any]] = intent.former.ledger.dump()
        live: dict[str, str] = {}
        wanted = intent.plan.wanted
        if wanted is not None:
            shift = self._shift(wanted, fleets[wanted.id])
            live = {"id": wanted.id, "version": wanted.version}
            ledger = shift.live_at.apply(
                lambda at: promote(intent.former.ledger, wanted, settings.window, at).dump()
            )
        self.exports = {
            "url": environment.url,
            "dnsName": environment.dns_name,
            "bundleBucket": environment.bundle_bucket,
            "listenerArn": environment.listener_arn,
            "live": live,
            "ledger": ledger,
            "fleets": {release_id: fleet.facts() for release_id, fleet in fleets.items()},
            "headerName": HEADER,
            "probeKey": key,
        }
        self.register_outputs({"live": live})

    def _probe_key(self) -> pulumi.Output[str]:
        """The environment's secret for trying single releases: made once, then kept in the state."""
        stash = pulumi.Stash(
            "probe-key",
            input=pulumi.Output.secret(secrets.token_hex(16)),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["input"]),
        )
        return pulumi.Output.secret(stash.output)

    def _shift(self, wanted: model.Release, fleet: Fleet) -> TrafficShift:
        rollout, health_path = self._settings.rollout, wanted.manifest.health_path
        return TrafficShift(
            "traffic",
            listener_arn=self._environment.listener_arn,
            priority=priorities.MAIN,
            release=wanted.id,
            version=wanted.version,
            target_group_arn=fleet.target_group_arn,
            url=self._environment.url.apply(lambda url: f"{url}{health_path}"),
            steps=list(rollout.steps),
            observe=rollout.observe,
            proof=rollout.proof,
            drain=rollout.drain,
            metrics_deadline=rollout.metrics,
            max_error_rate=rollout.limits.errors,
            max_latency_ratio=rollout.limits.latency,
            alarms=list(rollout.limits.alarms),
            lease_bucket=self._environment.bundle_bucket,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[fleet.gate]),
        )


def _no_bucket(stack: str, version: str) -> StoreError:
    return StoreError(
        f"version {version} cannot be released yet: the environment {stack} has no bundle bucket",
        expected="an environment that an update has made, and the version published to it",
        seen=f"uneventful:release: {version}, and a state without a bucket",
        state="nothing was changed",
        next=f"pulumi config rm uneventful:release --stack {stack} && pulumi up --stack {stack},\n"
        f"then release deploy {version} --stack {stack}",
    )
