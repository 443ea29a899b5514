"""What the machines of an environment, and its scheduler, may do in AWS: a role each, and nothing by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policies


@dataclass(frozen=True)
class Held:
    """What the environment holds that roles are granted. The prefixes are those of `infra.prefixes`."""

    environment: str
    region: str
    bucket_arn: pulumi.Output[str]
    queue_arns: Sequence[pulumi.Output[str]]
    commands_queue_arn: pulumi.Output[str]
    cache_secret_arn: pulumi.Output[str]
    variables_secret_arn: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]
    host_key_secret_arn: pulumi.Output[str]
    schedule_group_arn: pulumi.Output[str]
    logins_prefix: str
    log_groups_prefix: str


class Access(pulumi.ComponentResource):
    """Roles for three: instances (web and workers alike), the operations host, and the scheduler.

    The operations host's profile is there as soon as the host can boot with it, and not only when the database is; who
    runs something on the host waits for the whole environment.
    """

    instance_profile_arn: pulumi.Output[str]
    operations_profile: pulumi.Output[str]
    schedule_role_arn: pulumi.Output[str]

    def __init__(self, held: Held, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("uneventful:infra:Access", "access", None, opts)
        self._own = pulumi.ResourceOptions(parent=self)
        self.instance_profile_arn = self._instances(held).arn
        self.operations_profile = self._operations(held).name
        self.schedule_role_arn = self._scheduler(held).arn
        self.register_outputs(
            {"instanceProfileArn": self.instance_profile_arn, "scheduleRoleArn": self.schedule_role_arn}
        )

    def _instances(self, held: Held) -> aws.iam.InstanceProfile:
        role = aws.iam.Role("instances", assume_role_policy=policies.assumed_by("ec2"), opts=self._own)
        place = policies.place_of(role.arn, held.region)
        granted = self._grant(
            role,
            {
                "bundles": [policies.reads_bundles(held.bucket_arn), policies.reads_turns(held.bucket_arn)],
                "secrets": [
                    policies.reads_secrets("ReadSecrets", [held.cache_secret_arn, held.variables_secret_arn]),
                    policies.reads_logins(place, held.logins_prefix),
                ],
                "logs": [policies.writes_logs(place, held.log_groups_prefix)],
                "health": [policies.leaves_its_group(place, held.environment)],
                # A queue takes long to make, and a policy cannot be without anything that it allows.
                **({"queues": [policies.handles_messages(held.queue_arns)]} if held.queue_arns else {}),
            },
        )
        return self._profile("instances", role, granted["bundles"])

    def _operations(self, held: Held) -> aws.iam.InstanceProfile:
        role = aws.iam.Role("operations", assume_role_policy=policies.assumed_by("ec2"), opts=self._own)
        place = policies.place_of(role.arn, held.region)
        granted = self._grant(
            role,
            {
                "operations-boot": [
                    policies.reads_programs(held.bucket_arn),
                    policies.reads_secrets("ReadHostKey", [held.host_key_secret_arn]),
                    policies.writes_logs(place, f"{held.log_groups_prefix}operations-"),
                ],
                "operations-bundles": [policies.reads_bundles(held.bucket_arn)],
                "operations-database": [
                    policies.reads_secrets("ReadMaster", [held.master_secret_arn]),
                    policies.makes_logins(place, held.logins_prefix),
                ],
                # What commands need, with an application's own code and variables.
                "operations-commands": [
                    policies.reads_secrets("ReadSecrets", [held.cache_secret_arn, held.variables_secret_arn]),
                    policies.handles_messages([held.commands_queue_arn, *held.queue_arns]),
                ],
            },
        )
        return self._profile("operations", role, granted["operations-boot"])

    def _scheduler(self, held: Held) -> aws.iam.Role:
        only_ours = {"ArnEquals": {"aws:SourceArn": held.schedule_group_arn}}
        role = aws.iam.Role(
            "scheduler", assume_role_policy=policies.assumed_by("scheduler", only_ours), opts=self._own
        )
        reached = [held.commands_queue_arn, *held.queue_arns]
        self._grant(role, {"scheduler": [policies.sends_messages(reached)]})
        return role

    def _grant(
        self, role: aws.iam.Role, granted: Mapping[str, Sequence[policies.Statement]]
    ) -> Mapping[str, aws.iam.RolePolicy]:
        return {
            name: aws.iam.RolePolicy(
                name, role=role.name, policy=policies.document(*statements), opts=self._own
            )
            for name, statements in granted.items()
        }

    def _profile(self, name: str, role: aws.iam.Role, needed: aws.iam.RolePolicy) -> aws.iam.InstanceProfile:
        return aws.iam.InstanceProfile(
            name,
            role=role.name,
            opts=pulumi.ResourceOptions.merge(self._own, pulumi.ResourceOptions(depends_on=[needed])),
        )
