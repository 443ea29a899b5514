"""The cache: Valkey that only instances reach, with a token, encrypted at rest and on the way."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.kept import kept
from infra.tags import named

PORT = 6379

TOKEN = "CACHE_TOKEN"
"""The key in the secret, and the variable that it becomes."""


class Cache(pulumi.ComponentResource):
    """One server and its replicas, of which one takes over when the server fails.

    `secret_arn` names the secret that holds the token, as JSON with the key CACHE_TOKEN.
    """

    host: pulumi.Output[str]
    port: int
    nodes: Sequence[pulumi.Output[str]]
    secret_arn: pulumi.Output[str]

    def __init__(
        self,
        environment: str,
        chosen: settings.Cache,
        subnet_ids: Sequence[pulumi.Input[str]],
        security_group_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("uneventful:infra:Cache", "cache", None, opts)
        own = pulumi.ResourceOptions(parent=self)
        tags = named(f"{environment}-cache")
        token = kept("cache-token", secrets.token_hex(32), own)
        subnets = aws.elasticache.SubnetGroup(
            "cache",
            subnet_ids=list(subnet_ids),
            description="The private subnets of the environment",
            tags=tags,
            opts=own,
        )
        servers = 1 + chosen.replicas
        group = aws.elasticache.ReplicationGroup(
            "cache",
            description=f"Sessions and other short-lived data of {environment}",
            engine="valkey",
            engine_version=chosen.version,
            node_type=chosen.instance,
            num_cache_clusters=servers,
            automatic_failover_enabled=chosen.replicas > 0,
            multi_az_enabled=chosen.replicas > 0,
            port=PORT,
            at_rest_encryption_enabled=True,
            transit_encryption_enabled=True,
            auth_token=token,
            subnet_group_name=subnets.name,
            security_group_ids=[security_group_id],
            apply_immediately=True,
            tags=tags,
            opts=own,
        )
        secret = aws.secretsmanager.Secret(
            "cache-token",
            description="The token that the cache asks for",
            # It is in the state too, and a new environment has a new one: there is nothing to recover.
            recovery_window_in_days=0,
            tags=named(f"{environment}-cache-token"),
            opts=own,
        )
        aws.secretsmanager.SecretVersion(
            "cache-token",
            secret_id=secret.id,
            secret_string=pulumi.Output.json_dumps({TOKEN: token}),
            opts=own,
        )
        self.host = group.primary_endpoint_address
        self.port = PORT
        # How ElastiCache names the members of a group (Amazon ElastiCache User Guide, "Metrics").
        self.nodes = tuple(
            group.replication_group_id.apply(lambda name, n=n: f"{name}-{n:03}")
            for n in range(1, servers + 1)
        )
        self.secret_arn = secret.arn
        self.register_outputs({"host": self.host})
