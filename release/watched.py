"""A release that takes traffic, as a TrafficShift and a Handover are told of it alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True)
class Live:
    """What is live by the ledger before the update: the release's id, its version and its target group's ARN. All are
    empty where nothing is.
    """

    release: str = ""
    version: str = ""
    target_group_arn: str = ""

    def inputs(self) -> Mapping[str, str]:
        return {
            "formerRelease": self.release,
            "formerVersion": self.version,
            "formerTargetGroupArn": self.target_group_arn,
        }


@dataclass(frozen=True)
class Watched:
    """A release, where its traffic is, and by which limits it is watched.

    `max_error_rate` is a fraction above the former release's; `proof` and `metrics_deadline` (s) bound the wait for the
    data plane and for the metrics. `lease_bucket` holds the writers' lease. `back` is the way back to a release that
    served before, which no alarm that rings already can stop; `former` is what is live by the ledger.
    """

    listener_arn: pulumi.Input[str]
    priority: int
    release: str
    version: str
    target_group_arn: pulumi.Input[str]
    url: pulumi.Input[str]
    proof: float
    max_error_rate: float
    max_latency_ratio: float
    lease_bucket: pulumi.Input[str]
    metrics_deadline: float
    alarms: Sequence[pulumi.Input[str]]
    back: bool
    former: Live

    def inputs(self) -> Mapping[str, Any]:
        """Under the names that the provider knows them by."""
        return {
            "listenerArn": self.listener_arn,
            "priority": self.priority,
            "release": self.release,
            "version": self.version,
            "targetGroupArn": self.target_group_arn,
            "url": self.url,
            "proof": self.proof,
            "maxErrorRate": self.max_error_rate,
            "maxLatencyRatio": self.max_latency_ratio,
            "leaseBucket": self.lease_bucket,
            "metricsDeadline": self.metrics_deadline,
            "alarms": self.alarms,
            "back": self.back,
            **self.former.inputs(),
        }
