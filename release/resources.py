"""The resource types of the provider `uneventful`, as the program declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

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


class HealthGate(pulumi.CustomResource):
    """Exists once its release has `healthy` targets and gave `probes` good answers in a row through its header rule.

    Creating it waits for that, up to `deadline` s. It moves no traffic. In `lease_bucket` would be a sign to stop, in
    `log_group` is what its instances say.
    """

    def __init__(
        self,
        name: str,
        *,
        release: pulumi.Input[str],
        version: pulumi.Input[str],
        target_group_arn: pulumi.Input[str],
        healthy: pulumi.Input[int],
        probes: pulumi.Input[int],
        deadline: pulumi.Input[float],
        url: pulumi.Input[str],
        header_name: pulumi.Input[str],
        header_value: pulumi.Input[str],
        lease_bucket: pulumi.Input[str],
        log_group: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Mapping[str, Any] = {
            "release": release,
            "version": version,
            "targetGroupArn": target_group_arn,
            "healthy": healthy,
            "probes": probes,
            "deadline": deadline,
            "url": url,
            "headerName": header_name,
            "headerValue": pulumi.Output.secret(header_value),
            "leaseBucket": lease_bucket,
            "logGroup": log_group,
            "passedAt": None,
            "evidence": None,
        }
        super().__init__("uneventful:index:HealthGate", name, inputs, opts)

    @property
    def passed_at(self) -> pulumi.Output[str]:
        """When the gate was passed (ISO 8601, UTC)."""
        return _output(self, "passedAt")

    @property
    def evidence(self) -> pulumi.Output[str]:
        """What was seen then, in words."""
        return _output(self, "evidence")


class TrafficShift(pulumi.CustomResource):
    """All traffic of the listener's paths on one release's target group; owns the listener rule with the weights.

    An update moves the traffic by `steps` (percent), watches each for `observe` s, and ends with the new release
    alone, or with everything back where it was and an error. `max_error_rate` is a fraction above the former
    release's; `proof` and `metrics_deadline` (s) bound the wait for the data plane and for the metrics; `drain` (s)
    is how long the former release is kept running after the last step. `lease_bucket` holds the writers' lease. `back`
    is the way back to a release that served before, which no alarm that rings already can stop; `former` is what is
    live by the ledger. `groups` are those of its instance groups (names) that must not shrink any more.
    `workers`, its groups by process, begin before it has any traffic, within `deadline` s; `resting` and `log_groups`
    are as a Handover has them.
    """

    def __init__(
        self,
        name: str,
        *,
        listener_arn: pulumi.Input[str],
        priority: pulumi.Input[int],
        release: pulumi.Input[str],
        version: pulumi.Input[str],
        target_group_arn: pulumi.Input[str],
        url: pulumi.Input[str],
        steps: pulumi.Input[Sequence[pulumi.Input[int]]],
        observe: pulumi.Input[float],
        proof: pulumi.Input[float],
        max_error_rate: pulumi.Input[float],
        max_latency_ratio: pulumi.Input[float],
        lease_bucket: pulumi.Input[str],
        drain: pulumi.Input[float],
        alarms: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
        metrics_deadline: pulumi.Input[float] = 180,
        back: pulumi.Input[bool] = False,
        former: Live = Live(),
        groups: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
        workers: Mapping[str, pulumi.Input[str]] = MappingProxyType({}),
        resting: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        log_groups: Mapping[str, pulumi.Input[str]] = MappingProxyType({}),
        deadline: pulumi.Input[float] = 120,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Mapping[str, Any] = {
            "listenerArn": listener_arn,
            "priority": priority,
            "release": release,
            "version": version,
            "targetGroupArn": target_group_arn,
            "url": url,
            "steps": steps,
            "observe": observe,
            "proof": proof,
            "maxErrorRate": max_error_rate,
            "maxLatencyRatio": max_latency_ratio,
            "leaseBucket": lease_bucket,
            "drain": drain,
            "alarms": alarms,
            "metricsDeadline": metrics_deadline,
            "back": back,
            **former.inputs(),
            "groups": groups,
            "workers": dict(workers),
            "resting": dict(resting),
            "logGroups": dict(log_groups),
            "deadline": deadline,
            "ruleArn": None,
            "weights": None,
            "liveAt": None,
            "observed": None,
        }
        super().__init__("uneventful:index:TrafficShift", name, inputs, opts)

    @property
    def rule_arn(self) -> pulumi.Output[str]:
        """The listener rule that carries the weights."""
        return _output(self, "ruleArn")

    @property
    def weights(self) -> pulumi.Output[Mapping[str, float]]:
        """The weight of each target group (ARN), as the API has them."""
        return _output(self, "weights")

    @property
    def live_at(self) -> pulumi.Output[str]:
        """When this release became the live one (ISO 8601, UTC)."""
        return _output(self, "liveAt")

    @property
    def observed(self) -> pulumi.Output[str]:
        """What was seen at each step, a line a step."""
        return _output(self, "observed")


class Handover(pulumi.CustomResource):
    """The workers and the schedules of the environment, once they are those of the release that has the traffic, and
    once it was watched for `bake` s with the shift's own limits. Otherwise all is `former`'s again, traffic first.

    `workers` are its instance groups by process, `resting` those of all others by release and process, `log_groups` by
    process where they report. `queues` are those they take from: `name`, `url` and the URL of its `dead` letters each.
    `schedules` are what the `schedule_group` then holds, as `release.scheduler.Entry` dumps them. Workers may take
    `deadline` s to begin, and `drain` s longer to stop.
    """

    def __init__(
        self,
        name: str,
        *,
        listener_arn: pulumi.Input[str],
        priority: pulumi.Input[int],
        release: pulumi.Input[str],
        version: pulumi.Input[str],
        target_group_arn: pulumi.Input[str],
        url: pulumi.Input[str],
        proof: pulumi.Input[float],
        max_error_rate: pulumi.Input[float],
        max_latency_ratio: pulumi.Input[float],
        lease_bucket: pulumi.Input[str],
        metrics_deadline: pulumi.Input[float],
        alarms: pulumi.Input[Sequence[pulumi.Input[str]]],
        back: pulumi.Input[bool],
        former: Live,
        workers: Mapping[str, pulumi.Input[str]],
        resting: Mapping[str, Mapping[str, str]],
        log_groups: Mapping[str, pulumi.Input[str]],
        queues: Sequence[Mapping[str, pulumi.Input[str]]],
        schedules: pulumi.Input[Sequence[Mapping[str, str]]],
        schedule_group: pulumi.Input[str],
        deadline: pulumi.Input[float],
        drain: pulumi.Input[float],
        bake: pulumi.Input[float],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Mapping[str, Any] = {
            "listenerArn": listener_arn,
            "priority": priority,
            "release": release,
            "version": version,
            "targetGroupArn": target_group_arn,
            "url": url,
            "proof": proof,
            "maxErrorRate": max_error_rate,
            "maxLatencyRatio": max_latency_ratio,
            "leaseBucket": lease_bucket,
            "metricsDeadline": metrics_deadline,
            "alarms": alarms,
            "back": back,
            **former.inputs(),
            "workers": workers,
            "resting": resting,
            "logGroups": log_groups,
            "queues": queues,
            "schedules": schedules,
            "scheduleGroup": schedule_group,
            "deadline": deadline,
            "drain": drain,
            "bake": bake,
            "handedAt": None,
            "bakedUntil": None,
            "observed": None,
            "working": None,
            "held": None,
        }
        super().__init__("uneventful:index:Handover", name, inputs, opts)

    @property
    def handed_at(self) -> pulumi.Output[str]:
        """When everything was this release's (ISO 8601, UTC)."""
        return _output(self, "handedAt")

    @property
    def baked_until(self) -> pulumi.Output[str]:
        """When its bake had ended well (ISO 8601, UTC); empty where it was not baked."""
        return _output(self, "bakedUntil")

    @property
    def observed(self) -> pulumi.Output[str]:
        """What was seen of it, a line a step."""
        return _output(self, "observed")


def _output(resource: pulumi.Resource, name: str) -> pulumi.Output[Any]:
    return cast("pulumi.Output[Any]", pulumi.get(resource, name))
