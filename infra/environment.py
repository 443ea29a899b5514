"""An environment: everything that stays when releases come and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.access import Access
from infra.balancer import Balancer
from infra.bundles import Bundles
from infra.errors import ZonesError
from infra.firewall import Firewall
from infra.logs_bucket import LogsBucket
from infra.network import Network
from infra.settings import Settings
from infra.tags import environment_tags


@dataclass(frozen=True)
class Outputs:
    """What a release needs to know of its environment. `url` has no slash at its end; `whole` is for what must
    not begin before, or end after, any part of it.
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
        own = pulumi.ResourceOptions(parent=self)
        zones = choose_zones(_available(provider), settings.network.zones, settings.region)
        name = settings.stack
        network = Network(name, settings.network, settings.region, zones, own)
        firewall = Firewall(name, settings.balancer, network.vpc_id, own)
        logs = (
            LogsBucket(settings.logs, settings.account_ids, settings.bundles.force_destroy, own)
            if settings.balancer.access_logs
            else None
        )
        balancer = Balancer(
            name,
            settings.balancer,
            network.public_subnet_ids,
            firewall.balancer_group_id,
            logs,
            settings.protected,
            own,
        )
        bundles = Bundles(settings.bundles, settings.protected, own)
        access = Access(bundles.arn, own)
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
        )
        self.register_outputs({"url": balancer.url})


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
