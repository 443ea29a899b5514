"""The network: public and private subnets in each zone, and the ways out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.tags import named

EVERYWHERE = "0.0.0.0/0"

PRIVATE_FROM = 8
"""The first of the sixteen blocks that private subnets use; the public ones begin at 0."""


@dataclass(frozen=True)
class Blocks:
    """The address blocks of one zone's subnets."""

    public: IPv4Network
    private: IPv4Network


def layout(cidr: IPv4Network, zones: int) -> tuple[Blocks, ...]:
    """The blocks of each zone: sixteenths of `cidr`, public from the first and private from the ninth, so
    that another zone (eight at most) never moves the ones that exist.
    """
    sixteenths = list(cidr.subnets(prefixlen_diff=4))
    return tuple(Blocks(sixteenths[zone], sixteenths[PRIVATE_FROM + zone]) for zone in range(zones))


class Network(pulumi.ComponentResource):
    """A VPC of its own. With `nat: none` instances belong in the public subnets, each with a public address;
    otherwise in the private ones, behind the NAT gateways. S3 is reached without either. What nobody but
    instances reaches (a database) is in the private subnets in either case.
    """

    vpc_id: pulumi.Output[str]
    public_subnet_ids: Sequence[pulumi.Output[str]]
    private_subnet_ids: Sequence[pulumi.Output[str]]
    instance_subnet_ids: Sequence[pulumi.Output[str]]

    def __init__(
        self,
        environment: str,
        chosen: settings.Network,
        region: str,
        zones: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`zones` are the names of the availability zones, as many as the settings want."""
        super().__init__("uneventful:infra:Network", "network", None, opts)
        self._environment = environment
        self._own = pulumi.ResourceOptions(parent=self)
        self._public_addresses = chosen.nat == "none"

        self._vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=str(chosen.cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=named(environment),
            opts=self._own,
        )
        gateway = aws.ec2.InternetGateway(
            "internet", vpc_id=self._vpc.id, tags=named(environment), opts=self._own
        )
        public_table = self._table("public")
        aws.ec2.Route(
            "public-out",
            route_table_id=public_table.id,
            destination_cidr_block=EVERYWHERE,
            gateway_id=gateway.id,
            opts=self._own,
        )
        blocks = layout(chosen.cidr, len(zones))
        public = [
            self._subnet(f"public-{n}", zone, block.public, public_table, self._public_addresses)
            for n, (zone, block) in enumerate(zip(zones, blocks, strict=True), start=1)
        ]
        private_tables = [self._table(f"private-{n}") for n in range(1, len(zones) + 1)]
        private = [
            self._subnet(f"private-{n}", zone, block.private, private_tables[n - 1], False)
            for n, (zone, block) in enumerate(zip(zones, blocks, strict=True), start=1)
        ]
        gateways = [
            self._nat(n, subnet, gateway)
            for n, subnet in enumerate(public[: _gateways(chosen.nat, len(zones))], start=1)
        ]
        for n, table in enumerate(private_tables if gateways else (), start=1):
            aws.ec2.Route(
                f"private-{n}-out",
                route_table_id=table.id,
                destination_cidr_block=EVERYWHERE,
                nat_gateway_id=gateways[min(n, len(gateways)) - 1].id,
                opts=self._own,
            )
        aws.ec2.VpcEndpoint(
            "s3",
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in (public_table, *private_tables)],
            tags=named(f"{environment}-s3"),
            opts=self._own,
        )

        self.vpc_id = self._vpc.id
        self.public_subnet_ids = tuple(subnet.id for subnet in public)
        self.private_subnet_ids = tuple(subnet.id for subnet in private)
        self.instance_subnet_ids = (
            self.public_subnet_ids if self._public_addresses else self.private_subnet_ids
        )
        self.register_outputs({"vpcId": self.vpc_id, "instanceSubnetIds": list(self.instance_subnet_ids)})

    def _table(self, name: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            name, vpc_id=self._vpc.id, tags=named(f"{self._environment}-{name}"), opts=self._own
        )

    def _subnet(
        self, name: str, zone: str, block: IPv4Network, table: aws.ec2.RouteTable, public_addresses: bool
    ) -> aws.ec2.Subnet:
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=self._vpc.id,
            cidr_block=str(block),
            availability_zone=zone,
            map_public_ip_on_launch=public_addresses,
            tags=named(f"{self._environment}-{name}"),
            opts=self._own,
        )
        aws.ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=table.id, opts=self._own)
        return subnet

    def _nat(self, n: int, subnet: aws.ec2.Subnet, gateway: aws.ec2.InternetGateway) -> aws.ec2.NatGateway:
        name = f"nat-{n}"
        after = pulumi.ResourceOptions.merge(self._own, pulumi.ResourceOptions(depends_on=[gateway]))
        address = aws.ec2.Eip(name, domain="vpc", tags=named(f"{self._environment}-{name}"), opts=after)
        return aws.ec2.NatGateway(
            name,
            allocation_id=address.allocation_id,
            subnet_id=subnet.id,
            tags=named(f"{self._environment}-{name}"),
            opts=after,
        )


def _gateways(nat: str, zones: int) -> int:
    return {"none": 0, "one": 1, "each": zones}[nat]
