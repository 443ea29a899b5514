"""The operations host: one small machine from which an environment's database is changed, and commands are run."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import operations_boot, operations_programs, settings
from infra.keys import KeyPair
from infra.prefixes import PROGRAMS
from infra.tags import named

DISK = 16
"""GiB: the image, and the bundles of a month."""


@dataclass(frozen=True)
class OperationsHost:
    """How to reach it: `host_key` is the line that it proves itself by, `private_key` (a secret) the one that it lets
    in, `resource` is there when it is; its SSH server answers a while later.
    """

    host: pulumi.Output[str]
    port: int
    user: str
    host_key: pulumi.Output[str]
    private_key: pulumi.Output[str]
    resource: pulumi.Resource
    log_group: pulumi.Output[str]


class HostIdentity(pulumi.ComponentResource):
    """Two pairs of keys, made once: the host's own, whose private half waits in a secret for the host to fetch, and
    the user's, whose private half is in the state alone.
    """

    host: KeyPair
    user: KeyPair
    secret_arn: pulumi.Output[str]
    ready: pulumi.Resource
    """The secret holds its value once this is there."""

    def __init__(self, environment: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("uneventful:infra:HostIdentity", "host-identity", None, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.host = KeyPair("host-key", own)
        self.user = KeyPair("user-key", own)
        secret = aws.secretsmanager.Secret(
            "host-key",
            description=f"The operations host's own SSH key, which proves that it is the one of {environment}",
            # It is in the state too, and a new environment has a new one: there is nothing to recover.
            recovery_window_in_days=0,
            tags=named(f"{environment}-host-key"),
            opts=own,
        )
        self.ready = aws.secretsmanager.SecretVersion(
            "host-key",
            secret_id=secret.id,
            secret_string=pulumi.Output.json_dumps({"private": self.host.private}),
            opts=own,
        )
        self.secret_arn = secret.arn
        self.register_outputs({})


@dataclass(frozen=True)
class Site:
    """Where the host stands: its subnet, the firewall around it, the profile that it acts with, its image; the bucket
    that its programs are fetched from, and the URL of the queue that commands are ordered in.
    """

    region: str
    subnet_id: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    instance_profile: pulumi.Input[str]
    image: str
    log_group_prefix: str
    retention_days: int
    bucket: pulumi.Output[str]
    commands_queue: pulumi.Output[str]


class Operations(pulumi.ComponentResource):
    """An encrypted machine that answers its metadata to sessions alone, and SSH to one key alone.

    It is replaced when what it boots with changes, and keeps its image until then.
    """

    host: OperationsHost

    def __init__(
        self,
        environment: str,
        chosen: settings.Operations,
        identity: HostIdentity,
        site: Site,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("uneventful:infra:Operations", "operations", None, opts)
        own = pulumi.ResourceOptions(parent=self)
        tags = named(f"{environment}-operations")
        logs = aws.cloudwatch.LogGroup(
            "operations",
            name_prefix=f"{site.log_group_prefix}operations-",
            retention_in_days=site.retention_days,
            tags=tags,
            opts=own,
        )
        content = operations_programs.programs()
        digest = operations_programs.digest_of(content)
        programs = aws.s3.BucketObjectv2(
            "operations-programs",
            bucket=site.bucket,
            key=f"{PROGRAMS}{digest}.json",
            content=content,
            content_type="application/json",
            opts=own,
        )
        instance = aws.ec2.Instance(
            "operations",
            ami=self._image(site.image),
            instance_type=chosen.instance,
            subnet_id=site.subnet_id,
            associate_public_ip_address=chosen.address == "public",
            vpc_security_group_ids=[site.security_group_id],
            iam_instance_profile=site.instance_profile,
            user_data=pulumi.Output.all(
                identity.user.public, identity.secret_arn, logs.name, site.bucket, site.commands_queue
            ).apply(
                lambda known: operations_boot.user_data(
                    operations_boot.Boot(
                        user=chosen.user,
                        port=chosen.port,
                        authorized_key=known[0],
                        host_key_secret=known[1],
                        log_group=known[2],
                        region=site.region,
                        programs=f"s3://{known[3]}/{PROGRAMS}{digest}.json",
                        programs_digest=digest,
                        commands_queue=known[4],
                    )
                )
            ),
            user_data_replace_on_change=True,
            metadata_options=aws.ec2.InstanceMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(
                encrypted=True, volume_type="gp3", volume_size=DISK, tags=tags
            ),
            tags=tags,
            opts=pulumi.ResourceOptions.merge(
                own,
                pulumi.ResourceOptions(depends_on=[identity.ready, programs], ignore_changes=["ami"]),
            ),
        )
        self.host = OperationsHost(
            host=instance.public_ip if chosen.address == "public" else instance.private_ip,
            port=chosen.port,
            user=chosen.user,
            host_key=identity.host.public,
            private_key=identity.user.private,
            resource=instance,
            log_group=logs.name,
        )
        self.register_outputs({"host": self.host.host})

    def _image(self, image: str) -> pulumi.Input[str]:
        if not image.startswith("/"):
            return image
        answer = aws.ssm.get_parameter_output(name=image, opts=pulumi.InvokeOutputOptions(parent=self))
        return answer.insecure_value  # type: ignore[no-any-return]
