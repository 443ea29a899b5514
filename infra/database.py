"""The database: PostgreSQL that only instances and the operations host reach, encrypted at rest and on the way."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.tags import named

PORT = 5432

MASTER = "master"
"""The user who may make logins. Its password is made, kept and changed by RDS alone."""


class Database(pulumi.ComponentResource):
    """One PostgreSQL server, with a second in another zone where the settings ask.

    `master_secret_arn` names the secret in which RDS keeps the master user's name and password, as JSON with the keys
    `username` and `password`. No password is in the state.
    """

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    name: str
    identifier: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]

    def __init__(
        self,
        environment: str,
        chosen: settings.Database,
        subnet_ids: Sequence[pulumi.Input[str]],
        security_group_id: pulumi.Input[str],
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """With `protect` the engine refuses to delete the server, whatever AWS would do."""
        super().__init__("uneventful:infra:Database", "database", None, opts)
        own = pulumi.ResourceOptions(parent=self)
        tags = named(f"{environment}-database")
        subnets = aws.rds.SubnetGroup(
            "database",
            subnet_ids=list(subnet_ids),
            description="The private subnets of the environment",
            tags=tags,
            opts=own,
        )
        parameters = aws.rds.ParameterGroup(
            "database",
            family=f"postgres{chosen.version.partition('.')[0]}",
            description="Connections without TLS are refused",
            parameters=[aws.rds.ParameterGroupParameterArgs(name="rds.force_ssl", value="1")],
            tags=tags,
            opts=own,
        )
        server = aws.rds.Instance(
            "database",
            engine="postgres",
            engine_version=chosen.version,
            instance_class=chosen.instance,
            db_name=chosen.name,
            port=PORT,
            username=MASTER,
            manage_master_user_password=True,
            allocated_storage=chosen.storage,
            max_allocated_storage=chosen.max_storage,
            storage_type="gp3",
            storage_encrypted=True,
            publicly_accessible=False,
            multi_az=chosen.multi_az,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[security_group_id],
            parameter_group_name=parameters.name,
            backup_retention_period=chosen.backup_days,
            copy_tags_to_snapshot=True,
            deletion_protection=chosen.deletion_protection,
            skip_final_snapshot=not chosen.final_snapshot,
            # The group's name is new in each life of the environment, and so no earlier snapshot has this one.
            final_snapshot_identifier=subnets.name.apply(lambda name: final_snapshot(environment, name))
            if chosen.final_snapshot
            else None,
            performance_insights_enabled=False,
            apply_immediately=True,
            tags=tags,
            opts=pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(protect=protect)),
        )
        self.host = server.address
        self.port = server.port
        self.name = chosen.name
        self.identifier = server.identifier
        self.master_secret_arn = server.master_user_secrets.apply(lambda secrets: secrets[0].secret_arn)
        self.register_outputs({"host": self.host, "port": self.port})


def final_snapshot(environment: str, unique: str) -> str:
    """The name of the snapshot that is kept when the server goes."""
    return f"{environment}-{unique}-final"
