"""A fleet: the instances of one release, and the door by which only those who know the key can try it.

Made with the release, never edited, deleted with it. The order of making it matters: a target group that no
rule names is never health-checked, and a group of instances is no proof of health. Deleted in the reverse
order, instances leave drained before the rule and the target group do.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.environment import Outputs
from infra.settings import Settings
from release import launch, scaling
from release.alarms import fleet_alarms
from release.migration import Migration
from release.model import WEB, Release
from release.resources import HealthGate

HEADER = "X-Uneventful-Release"


@dataclass(frozen=True)
class Door:
    """The header rule of one release: its priority and the environment's secret, 32 hex digits."""

    priority: int
    key: pulumi.Output[str]

    def value(self, release: Release) -> pulumi.Output[str]:
        """What the header must say to reach this release; a secret."""
        return pulumi.Output.secret(self.key.apply(lambda key: f"{release.id}.{key}"))


def again(boot: int) -> str:
    """How the names of groups end whose instances were made anew for the `boot`th time; the first one's as they are."""
    return "" if boot == 1 else f"-{boot}"


class Fleet(pulumi.ComponentResource):
    """The web instances of `release`, proven healthy through the balancer once `gate` is there.

    None boots before `migration` is done. `alarm_names` ring for this release alone. `boot` numbers the group: with
    another one its instances are made anew, and must prove themselves again. One that `waits` to be
    gone back to keeps the size that it had under the traffic.
    """

    target_group_arn: pulumi.Output[str]
    group_name: pulumi.Output[str]
    rule_arn: pulumi.Output[str]
    gate: HealthGate
    alarm_names: tuple[pulumi.Output[str], ...]

    def __init__(
        self,
        release: Release,
        environment: Outputs,
        settings: Settings,
        door: Door,
        migration: Migration,
        log_group: pulumi.Output[str],
        boot: int = 1,
        waits: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("uneventful:release:Fleet", f"fleet-{release.id}", None, opts)
        self._release = release
        self._environment = environment
        self._settings = settings
        self._name = f"{WEB}-{release.id}"
        self._boot = again(boot)
        self._labels = launch.labels(environment, release, WEB)
        target_group = self._target_group()
        rule = self._rule(target_group, door)
        template = self._template(migration, log_group)
        group = self._group(target_group, template, after=[rule, migration.done])
        scaling.by_requests(
            f"{self._name}{self._boot}",
            group,
            target_group,
            environment,
            settings.web.requests,
            parent=self,
            grow_only=waits,
        )
        self.gate = self._gate(target_group, door, log_group, after=[rule, group])
        self.alarm_names = fleet_alarms(
            release, target_group, environment, settings, self._labels, self._own(depends_on=[self.gate])
        )
        self.target_group_arn = target_group.arn
        self.group_name = group.name
        self.rule_arn = rule.arn
        self.register_outputs(self.facts())

    def facts(self) -> dict[str, pulumi.Output[str]]:
        """What others need to find this fleet by."""
        return {
            "targetGroupArn": self.target_group_arn,
            "autoScalingGroup": self.group_name,
            "rule": self.rule_arn,
        }

    def _target_group(self) -> aws.lb.TargetGroup:
        manifest, health = self._release.manifest, self._settings.web.health
        return aws.lb.TargetGroup(
            self._name,
            vpc_id=self._environment.vpc_id,
            port=manifest.port,
            protocol="HTTP",
            target_type="instance",
            deregistration_delay=manifest.drain_seconds,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                path=manifest.health_path,
                matcher="200",
                interval=health.interval,
                timeout=health.timeout,
                healthy_threshold=health.healthy,
                unhealthy_threshold=health.unhealthy,
            ),
            tags=self._labels,
            opts=self._own(),
        )

    def _rule(self, target_group: aws.lb.TargetGroup, door: Door) -> aws.lb.ListenerRule:
        return aws.lb.ListenerRule(
            f"header-{self._release.id}",
            listener_arn=self._environment.listener_arn,
            priority=door.priority,
            conditions=[
                aws.lb.ListenerRuleConditionArgs(
                    http_header=aws.lb.ListenerRuleConditionHttpHeaderArgs(
                        http_header_name=HEADER, values=[door.value(self._release)]
                    )
                )
            ],
            actions=[aws.lb.ListenerRuleActionArgs(type="forward", target_group_arn=target_group.arn)],
            tags=self._labels,
            opts=self._own(),
        )

    def _template(self, migration: Migration, log_group: pulumi.Output[str]) -> aws.ec2.LaunchTemplate:
        web = next(process for process in self._release.manifest.processes if process.name == WEB)
        instance = self._settings.web.instance
        return launch.template(
            self._release, web, instance, self._environment, self._settings, migration, log_group, parent=self
        )

    def _group(
        self,
        target_group: aws.lb.TargetGroup,
        template: aws.ec2.LaunchTemplate,
        after: list[pulumi.Resource],
    ) -> aws.autoscaling.Group:
        web = self._settings.web
        return aws.autoscaling.Group(
            f"{self._name}{self._boot}",
            # No desired capacity: that is the scaler's.
            min_size=web.min,
            max_size=web.max,
            vpc_zone_identifiers=list(self._environment.subnet_ids),
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(id=template.id, version="$Latest"),
            target_group_arns=[target_group.arn],
            health_check_type="ELB",
            health_check_grace_period=web.grace,
            # The gate waits, and tells what it sees; the group's own wait knows neither release nor answer.
            wait_for_capacity_timeout="0",
            tags=launch.group_labels(self._labels),
            opts=self._own(
                # Instances need the ways in and out from their first second to their last.
                depends_on=[*after, self._environment.whole],
                custom_timeouts=launch.until_drained(self._release),
            ),
        )

    def _gate(
        self,
        target_group: aws.lb.TargetGroup,
        door: Door,
        log_group: pulumi.Output[str],
        after: list[pulumi.Resource],
    ) -> HealthGate:
        gate, health_path = self._settings.rollout.gate, self._release.manifest.health_path
        return HealthGate(
            f"gate-{self._release.id}{self._boot}",
            release=self._release.id,
            version=self._release.version,
            target_group_arn=target_group.arn,
            healthy=self._settings.web.min,
            probes=gate.probes,
            deadline=gate.deadline,
            url=self._environment.url.apply(lambda url: f"{url}{health_path}"),
            header_name=HEADER,
            header_value=door.value(self._release),
            lease_bucket=self._environment.bundle_bucket,
            log_group=log_group,
            # What was asked of it when it was made: settings that change later are for the next release.
            opts=self._own(depends_on=after, ignore_changes=["healthy", "probes", "deadline"]),
        )

    def _own(self, **options: object) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, **options)  # type: ignore[arg-type]
