"""An environment: everything that stays when releases come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from infra import prefixes
from infra.access import Access, Held
from infra.alarms import Watched
from infra.balancer import Balancer
from infra.bundles import Bundles
from infra.cache import Cache
from infra.database import Database
from infra.errors import ZonesError
from infra.firewall import Firewall
from infra.logs_bucket import LogsBucket
from infra.network import Network
from infra.observability import Observability
from infra.operations import HostIdentity, Operations, OperationsHost, Site
from infra.queues import Queue, Queues, variable
from infra.schedules import Schedules
from infra.secret_variables import SecretVariables
from infra.settings import Settings
from infra.tags import environment_tags


@dataclass(frozen=True)
class Outputs:
    """What a release needs to know of its environment. `url` has no slash at its end; `whole` is for what must
    not begin before, or end after, any part of it.

    `variables` are plain facts that every process gets. The secrets are JSON: `cache_secret_arn` has CACHE_TOKEN,
    `variables_secret_arn` the environment's secret variables (a release freezes one version of it, and there may be
    none yet), `master_secret_arn` `username` and `password` of the database's master user. `balancer_suffix` and the
    queues' `queue_name` are dimensions of CloudWatch's metrics. `logins_prefix` and `log_group_prefix` are how names
    must begin that instances may use.
    """

    whole: pulumi.Resource
    name: str
    region: str
    vpc_id: pulumi.Output[str]
    subnet_ids: tuple[pulumi.Output[str], ...]
    security_group_id: pulumi.Output[str]
    instance_profile_arn: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    url: pulumi.Output[str]
    bundle_bucket: pulumi.Output[str]
    bundles: Bundles
    balancer_suffix: pulumi.Output[str]
    variables: Mapping[str, pulumi.Output[str]]
    cache_secret_arn: pulumi.Output[str]
    variables_secret_arn: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]
    logins_prefix: str
    log_group_prefix: str
    operations: OperationsHost
    queues: Mapping[str, Queue]
    commands_queue: Queue
    alarm_names: tuple[pulumi.Output[str], ...]
    alarm_topic_arn: pulumi.Output[str]
    schedule_group: pulumi.Output[str]
    schedule_role_arn: pulumi.Output[str]


class Environment(pulumi.ComponentResource):
    """All of one environment, in the region and in an account that its settings name.

    Raises ZonesError before anything is touched when the region has too few zones.
    """

    outputs: Outputs

    def __init__(self, settings: Settings, provider: aws.Provider) -> None:
        super().__init__(
            "uneventful:infra:Environment",
            "environment",
            None,
            pulumi.ResourceOptions(providers=[provider]),
        )
        self._settings = settings
        self._own = own = pulumi.ResourceOptions(parent=self)
        project, name = pulumi.get_project(), settings.stack
        zones = choose_zones(_available(provider), settings.network.zones, settings.region)
        self._network = network = Network(name, settings.network, settings.region, zones, own)
        self._firewall = firewall = Firewall(
            name, settings.balancer, settings.operations, network.vpc_id, own
        )
        balancer = self._balancer()
        database = Database(
            name,
            settings.database,
            network.private_subnet_ids,
            firewall.database_group_id,
            settings.protected,
            own,
        )
        cache = Cache(name, settings.cache, network.private_subnet_ids, firewall.cache_group_id, own)
        made = Queues(name, settings.queues, own)
        queues = made.queues
        bundles = Bundles(settings.bundles, settings.protected, own)
        variables = SecretVariables(name, settings.protected, own)
        schedules = Schedules(name, own)
        identity = HostIdentity(name, own)
        held = Held(
            environment=name,
            region=settings.region,
            bucket_arn=bundles.arn,
            queue_arns=tuple(queue.arn for queue in queues.values()),
            commands_queue_arn=made.commands.arn,
            cache_secret_arn=cache.secret_arn,
            variables_secret_arn=variables.arn,
            master_secret_arn=database.master_secret_arn,
            host_key_secret_arn=identity.secret_arn,
            schedule_group_arn=schedules.arn,
            logins_prefix=prefixes.logins(project, name),
            log_groups_prefix=prefixes.log_groups(project, name),
        )
        access = Access(held, own)
        operations = self._operations(
            identity, access.operations_profile, held.log_groups_prefix, bundles.bucket, made.commands.url
        )
        watched = Watched(balancer.suffix, database.identifier, queues)
        observability = Observability(project, settings, watched, cache.nodes, own)
        self.outputs = Outputs(
            whole=self,
            name=name,
            region=settings.region,
            vpc_id=network.vpc_id,
            subnet_ids=tuple(network.instance_subnet_ids),
            security_group_id=firewall.instance_group_id,
            instance_profile_arn=access.instance_profile_arn,
            listener_arn=balancer.listener_arn,
            dns_name=balancer.dns_name,
            url=balancer.url,
            bundle_bucket=bundles.bucket,
            bundles=bundles,
            balancer_suffix=balancer.suffix,
            variables=facts(settings, database, cache, queues),
            cache_secret_arn=cache.secret_arn,
            variables_secret_arn=variables.arn,
            master_secret_arn=database.master_secret_arn,
            logins_prefix=held.logins_prefix,
            log_group_prefix=held.log_groups_prefix,
            operations=operations.host,
            queues=queues,
            commands_queue=made.commands,
            alarm_names=observability.release_alarms,
            alarm_topic_arn=observability.topic_arn,
            schedule_group=schedules.name,
            schedule_role_arn=access.schedule_role_arn,
        )
        self.register_outputs({"url": balancer.url})

    def _balancer(self) -> Balancer:
        settings = self._settings
        logs = (
            LogsBucket(settings.logs, settings.account_ids, settings.bundles.force_destroy, self._own)
            if settings.balancer.access_logs
            else None
        )
        return Balancer(
            settings.stack,
            settings.balancer,
            self._network.public_subnet_ids,
            self._firewall.balancer_group_id,
            logs,
            settings.protected,
            self._own,
        )

    def _operations(
        self,
        identity: HostIdentity,
        profile: pulumi.Output[str],
        log_group_prefix: str,
        bucket: pulumi.Output[str],
        commands_queue: pulumi.Output[str],
    ) -> Operations:
        settings, network = self._settings, self._network
        public = settings.operations.address == "public"
        site = Site(
            region=settings.region,
            subnet_id=(network.public_subnet_ids if public else network.private_subnet_ids)[0],
            security_group_id=self._firewall.operations_group_id,
            instance_profile=profile,
            image=settings.web.image,
            log_group_prefix=log_group_prefix,
            retention_days=settings.logs.retention,
            bucket=bucket,
            commands_queue=commands_queue,
        )
        return Operations(settings.stack, settings.operations, identity, site, self._own)


def facts(
    settings: Settings, database: Database, cache: Cache, queues: Mapping[str, Queue]
) -> Mapping[str, pulumi.Output[str]]:
    """What every process is told of its environment in plain text."""
    return MappingProxyType(
        {
            "AWS_REGION": pulumi.Output.from_input(settings.region),
            "DATABASE_HOST": database.host,
            "DATABASE_PORT": database.port.apply(lambda port: str(int(port))),
            "DATABASE_NAME": pulumi.Output.from_input(database.name),
            "CACHE_HOST": cache.host,
            "CACHE_PORT": pulumi.Output.from_input(str(cache.port)),
            "CACHE_NAMESPACE": pulumi.Output.from_input(f"{settings.stack}:"),
            **{variable(name): queue.url for name, queue in queues.items()},
        }
    )


def make_provider(settings: Settings, project: str) -> aws.Provider:
    """AWS as this environment's resources see it: one region, the named accounts, and tags on everything.
    Where AWS is and who asks is told by AWS's own variables.
    """
    return aws.Provider(
        "aws",
        region=settings.region,
        allowed_account_ids=list(settings.account_ids),
        default_tags=aws.ProviderDefaultTagsArgs(tags=environment_tags(project, settings.stack)),
    )


def choose_zones(available: Sequence[str], wanted: int, region: str) -> tuple[str, ...]:
    """The first `wanted` of the region's zones by name. Raises ZonesError if there are fewer."""
    if len(available) < wanted:
        raise ZonesError(
            "the region has too few availability zones; nothing was touched\n"
            f"  expected: {wanted} (uneventful:network.zones)\n"
            f"  seen:     {len(available)} in {region}: {', '.join(sorted(available)) or 'none'}\n"
            "  next:     lower uneventful:network.zones, or choose another aws:region"
        )
    return tuple(sorted(available)[:wanted])


def _available(provider: aws.Provider) -> Sequence[str]:
    answer = aws.get_availability_zones(
        state="available",
        filters=[aws.GetAvailabilityZonesFilterArgs(name="zone-type", values=["availability-zone"])],
        opts=pulumi.InvokeOptions(provider=provider),
    )
    return list(answer.names)
