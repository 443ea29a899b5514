"""The handover to a release as the program declares it: who takes over, from whom, and by which limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.environment import Outputs
from infra.running import Rollout, Worker
from infra.settings import Settings
from release import priorities
from release.fleet import Fleet
from release.former import Former
from release.intent import Intent
from release.model import Release
from release.resources import Handover
from release.watched import Live, Watched
from release.workers import Workers, queue_of


@dataclass(frozen=True)
class Successor:
    """Who is to have everything: what is known of its traffic, its workers by process, and its schedules as they are
    held.
    """

    release: Release
    watched: Watched
    workers: Mapping[str, Workers]
    schedules: pulumi.Output[list[dict[str, str]]]


def watched(
    release: Release, fleet: Fleet, intent: Intent, environment: Outputs, rollout: Rollout
) -> Watched:
    """What shift and handover both know of who gets the traffic."""
    return Watched(
        listener_arn=environment.listener_arn,
        priority=priorities.MAIN,
        release=release.id,
        version=release.version,
        target_group_arn=fleet.target_group_arn,
        url=environment.url.apply(lambda url: f"{url}{release.manifest.health_path}"),
        proof=rollout.proof,
        max_error_rate=rollout.limits.errors,
        max_latency_ratio=rollout.limits.latency,
        lease_bucket=environment.bundle_bucket,
        metrics_deadline=rollout.metrics,
        alarms=[*environment.alarm_names, *fleet.alarm_names, *rollout.limits.alarms],
        back=intent.plan.action == "rollback",
        former=_live_by(intent.former),
    )


def hand_over(
    successor: Successor,
    former: Former,
    environment: Outputs,
    settings: Settings,
    log_groups: Mapping[str, pulumi.Output[str]],
    opts: pulumi.ResourceOptions,
) -> Handover:
    """To be done after the shift to the same release."""
    release, rollout, live = successor.release, settings.rollout, former.ledger.live
    drains = [each.manifest.drain_seconds for each in (release, *((live.release,) if live else ()))]
    return Handover(
        "handover",
        successor.watched,
        workers=obedient(release, successor.workers, former),
        resting=former.resting(release.id),
        log_groups=log_groups,
        queues=_queues(release, environment, settings),
        schedules=successor.schedules,
        schedule_group=environment.schedule_group,
        deadline=rollout.handover,
        drain=max(drains),
        bake=rollout.bake,
        opts=opts,
    )


def _live_by(former: Former) -> Live:
    """What is live before this update."""
    live = former.ledger.live
    if live is None:
        return Live()
    release = live.release
    return Live(release.id, release.version, former.target_groups.get(release.id, ""))


def early(
    release: Release, workers: Mapping[str, Workers], former: Former, rollout: Rollout
) -> Mapping[str, Mapping[str, Any]]:
    """What a shift is told of workers: those who begin before their release has any traffic, if that is wanted."""
    wanted = rollout.workers == "before"
    return {
        "workers": obedient(release, workers, former) if wanted else {},
        "resting": former.resting(release.id) if wanted else {},
    }


def obedient(
    release: Release, workers: Mapping[str, Workers], former: Former
) -> Mapping[str, pulumi.Output[str]]:
    """The groups of those who can be told whose turn it is."""
    if release.id in former.unruly:
        return {}
    return {process: each.group_name for process, each in workers.items()}


def _queues(
    release: Release, environment: Outputs, settings: Settings
) -> Sequence[Mapping[str, pulumi.Input[str]]]:
    """Those that workers of the release are there for."""
    queues = environment.queues
    named = {
        queue_of(settings.workers.get(process.name, Worker()), queues) for process in release.manifest.workers
    }
    return [
        {"name": name, "url": queues[name].url, "dead": queues[name].dead_letters_url}
        for name in sorted(filter(None, named))
    ]
