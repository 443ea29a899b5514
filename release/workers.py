"""Workers: the instances that run one process of a release which takes messages from a queue.

They boot with the release's fleet, and rest until it is their turn (`release.turns`). Those of a warm release rest as
well, as many as there are at least: the way back boots none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pulumi
import pulumi_aws as aws

from infra.environment import Outputs
from infra.running import Worker
from infra.settings import Settings
from release import launch, scaling
from release.fleet import again
from release.migration import Migration
from release.model import Process, Release


class Workers(pulumi.ComponentResource):
    """The instances of one worker `process` of `release`: as many as its queue needs while they are `working`.

    Otherwise they rest, as many as there are at least; none where they are `unruly` and would work all the same.
    """

    group_name: pulumi.Output[str]

    def __init__(
        self,
        release: Release,
        process: Process,
        environment: Outputs,
        settings: Settings,
        migration: Migration,
        log_group: pulumi.Output[str],
        working: bool,
        unruly: bool,
        after: Sequence[pulumi.Resource],
        boot: int = 1,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = f"{process.name}-{release.id}"
        super().__init__("uneventful:release:Workers", name, None, opts)
        wanted = settings.workers.get(process.name, Worker())
        template = launch.template(
            release, process, wanted.instance, environment, settings, migration, log_group, parent=self
        )
        group = aws.autoscaling.Group(
            f"{name}{again(boot)}",
            # No desired capacity: that is the scaler's.
            min_size=wanted.min if working or not unruly else 0,
            max_size=wanted.max if working else 0 if unruly else wanted.min,
            vpc_zone_identifiers=list(environment.subnet_ids),
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(id=template.id, version="$Latest"),
            health_check_type="EC2",
            enabled_metrics=[scaling.IN_SERVICE],
            metrics_granularity="1Minute",
            # Nothing waits for workers: a queue keeps what they have not taken yet.
            wait_for_capacity_timeout="0",
            tags=launch.group_labels(launch.labels(environment, release, process.name)),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[environment.whole, migration.done, *after],
                custom_timeouts=launch.until_drained(release),
            ),
        )
        queue = queue_of(wanted, environment.queues)
        if queue:
            tracked = environment.queues[queue]
            scaling.by_backlog(f"{name}{again(boot)}", group, tracked, wanted.backlog, parent=self)
        self.group_name = group.name
        self.register_outputs({"autoScalingGroup": group.name})


def queue_of(worker: Worker, queues: Collection[str]) -> str:
    """The name of the queue that says how many of these workers are needed; empty where there is none."""
    wanted = worker.queue or min(queues, default="")
    return wanted if wanted in queues else ""
