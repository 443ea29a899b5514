"""The end of a warm release's time: its instances leave by themselves, whoever is awake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from release.ledger import Entry, Ledger, Terms
from release.model import Release
from release.sizes import SHRINK
from release.warmth import ends


def warm_until(
    release: Release, former: Ledger, terms: Terms, live_at: pulumi.Output[str]
) -> pulumi.Input[str] | None:
    """When the groups of a release shrink that is warm after this update; None where no time ends that.

    `live_at` is when the release became live that takes the place of the former one: the same moment as in the ledger.
    """
    entry: Entry | None = former.find(release.id)
    if entry is None or entry.state != "live":
        return entry.warm_until or None if entry else None
    return live_at.apply(lambda at: ends(at, terms.warm)) if terms.warm else None


def shrink(
    release: Release,
    groups: Mapping[str, pulumi.Output[str]],
    until: pulumi.Input[str],
    after: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> None:
    """Let the groups of a warm release (names by process) have no instances any more from that moment on.

    AWS forgets such an action once it was carried out. A release that is live again must have none before it has any
    traffic (`release.sizes`): what is no longer declared is deleted only at the end of an update.
    """
    for process, group in groups.items():
        aws.autoscaling.Schedule(
            f"shrink-{process}-{release.id}",
            autoscaling_group_name=group,
            scheduled_action_name=SHRINK,
            start_time=until,
            min_size=0,
            max_size=0,
            desired_capacity=0,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=list(after)),
        )
