"""The resource types of the provider `uneventful`, as the program declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from release.watched import Watched


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
    """All traffic of the listener's paths on the target group of `watched`; owns the listener rule with the weights.

    An update moves the traffic by `steps` (percent), watches each for `observe` s, and ends with the new release
    alone, or with everything back where it was and an error. `drain` (s) is how long the former release is kept running
    after the last step. `groups` are those of its instance groups (names) that must not shrink any more. `workers`, its
    groups by process, begin before it has any traffic, within `deadline` s; `resting` and `log_groups` are as a
    Handover has them.
    """

    def __init__(
        self,
        name: str,
        watched: Watched,
        *,
        steps: Sequence[int],
        observe: float,
        drain: float,
        groups: Sequence[pulumi.Input[str]],
        workers: Mapping[str, pulumi.Input[str]],
        resting: Mapping[str, Mapping[str, str]],
        log_groups: Mapping[str, pulumi.Input[str]],
        deadline: float,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Mapping[str, Any] = {
            **watched.inputs(),
            "steps": steps,
            "observe": observe,
            "drain": drain,
            "groups": groups,
            "workers": workers,
            "resting": resting,
            "logGroups": log_groups,
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
    once it was watched for `bake` s with the shift's own limits. Otherwise all is the former's again, traffic first.

    `workers` are its instance groups by process, `resting` those of all others by release and process, `log_groups` by
    process where they report. `queues` are those they take from: `name`, `url` and the URL of its `dead` letters each.
    `schedules` are what the `schedule_group` then holds, as `release.scheduler.Entry` dumps them. Workers may take
    `deadline` s to begin, and `drain` s longer to stop.
    """

    def __init__(
        self,
        name: str,
        watched: Watched,
        *,
        workers: Mapping[str, pulumi.Input[str]],
        resting: Mapping[str, Mapping[str, str]],
        log_groups: Mapping[str, pulumi.Input[str]],
        queues: Sequence[Mapping[str, pulumi.Input[str]]],
        schedules: pulumi.Input[Sequence[Mapping[str, str]]],
        schedule_group: pulumi.Input[str],
        deadline: float,
        drain: float,
        bake: float,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Mapping[str, Any] = {
            **watched.inputs(),
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
