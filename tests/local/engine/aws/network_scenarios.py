"""Scenarios of the network: VPC, subnets, gateways, routes, endpoints and security groups."""

from __future__ import annotations

from typing import Any

from tests.local.engine.aws.asking import first, gone_is_none
from tests.local.engine.aws.aws_side import REGION, AwsSide
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Scenario


def _tag(aws: AwsSide, resource: Resource, value: str) -> None:
    aws.ec2.create_tags(Resources=[resource.id], Tags=[{"Key": "Name", "Value": value}])


def _name_of(item: dict[str, Any] | None) -> str | None:
    return next((tag["Value"] for tag in item["Tags"] if tag["Key"] == "Name"), "") if item else None


def _vpc(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.ec2.describe_vpcs(VpcIds=[resource.id])["Vpcs"])
    if not found:
        return None
    dns = aws.ec2.describe_vpc_attribute(VpcId=resource.id, Attribute="enableDnsHostnames")
    return found[0]["CidrBlock"], dns["EnableDnsHostnames"]["Value"], _name_of(found[0])


def _subnet(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.ec2.describe_subnets(SubnetIds=[resource.id])["Subnets"])
    return (found[0]["MapPublicIpOnLaunch"], _name_of(found[0])) if found else None


def _gateway(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(
        lambda: aws.ec2.describe_internet_gateways(InternetGatewayIds=[resource.id])["InternetGateways"]
    )
    return (len(found[0]["Attachments"]), _name_of(found[0])) if found else None


def _address(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.ec2.describe_addresses(AllocationIds=[resource.id])["Addresses"])
    return _name_of(found[0]) if found else None


def _nat(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.ec2.describe_nat_gateways(NatGatewayIds=[resource.id])["NatGateways"])
    return _name_of(found[0]) if found and found[0]["State"] != "deleted" else None


def _table(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.ec2.describe_route_tables(RouteTableIds=[resource.id])["RouteTables"])
    if not found:
        return None
    blocks = sorted(route["DestinationCidrBlock"] for route in found[0]["Routes"] if "GatewayId" in route)
    return [block for block in blocks if block != "10.0.0.0/16"], _name_of(found[0])


def _route(aws: AwsSide, resource: Resource) -> Any:
    table = resource.properties["routeTableId"]
    found = aws.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return first([route.get("GatewayId") for route in found if route["DestinationCidrBlock"] == "0.0.0.0/0"])


def _association(aws: AwsSide, resource: Resource) -> Any:
    query = [{"Name": "association.route-table-association-id", "Values": [resource.id]}]
    found = aws.ec2.describe_route_tables(Filters=query)["RouteTables"]
    return True if found else None


def _endpoint(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[resource.id])["VpcEndpoints"])
    return _name_of(found[0]) if found and found[0]["State"] != "deleted" else None


def _group(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.ec2.describe_security_groups(GroupIds=[resource.id])["SecurityGroups"])
    return (
        (sorted(rule["FromPort"] for rule in found[0]["IpPermissions"]), _name_of(found[0]))
        if found
        else None
    )


def _rule(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(
        lambda: aws.ec2.describe_security_group_rules(SecurityGroupRuleIds=[resource.id])[
            "SecurityGroupRules"
        ]
    )
    return (found[0]["FromPort"], found[0]["CidrIpv4"]) if found else None


def _ingress(port: int, block: str = "10.0.0.0/8") -> dict[str, Any]:
    return {"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": [block]}


SCENARIOS = (
    Scenario(
        "aws:ec2/vpc:Vpc",
        lambda aws: {"cidrBlock": "10.9.0.0/16", "tags": {"Name": "one"}},
        _vpc,
        ("10.9.0.0/16", False, "one"),
        changes=lambda aws: {"enableDnsHostnames": True, "tags": {"Name": "two"}},
        changed=("10.9.0.0/16", True, "two"),
        drift=lambda aws, vpc: _tag(aws, vpc, "three"),
        drifted="tags",
        replacing=lambda aws: {"cidrBlock": "10.8.0.0/16"},
    ),
    Scenario(
        "aws:ec2/subnet:Subnet",
        lambda aws: {
            "vpcId": aws.vpc,
            "cidrBlock": "10.0.50.0/24",
            "availabilityZone": f"{REGION}a",
            "tags": {"Name": "one"},
        },
        _subnet,
        (False, "one"),
        changes=lambda aws: {"mapPublicIpOnLaunch": True},
        changed=(True, "one"),
        drift=lambda aws, subnet: _tag(aws, subnet, "two"),
        drifted="tags",
        replacing=lambda aws: {"cidrBlock": "10.0.51.0/24", "availabilityZone": f"{REGION}b"},
    ),
    Scenario(
        "aws:ec2/internetGateway:InternetGateway",
        lambda aws: {"vpcId": aws.new_vpc("10.20.0.0/16"), "tags": {"Name": "one"}},
        _gateway,
        (1, "one"),
        changes=lambda aws: {"tags": {"Name": "two"}},
        changed=(1, "two"),
        drift=lambda aws, gateway: _tag(aws, gateway, "three"),
        drifted="tags",
    ),
    Scenario(
        "aws:ec2/eip:Eip",
        lambda aws: {"domain": "vpc", "tags": {"Name": "one"}},
        _address,
        "one",
        changes=lambda aws: {"tags": {"Name": "two"}},
        changed="two",
        drift=lambda aws, address: _tag(aws, address, "three"),
        drifted="tags",
        replacing=lambda aws: {"networkBorderGroup": "eu-west-1-lon-1"},
    ),
    Scenario(
        "aws:ec2/natGateway:NatGateway",
        lambda aws: {
            "allocationId": aws.new_address(),
            "subnetId": aws.subnets[0],
            "tags": {"Name": "one"},
        },
        _nat,
        "one",
        changes=lambda aws: {"tags": {"Name": "two"}},
        changed="two",
        drift=lambda aws, gateway: _tag(aws, gateway, "three"),
        drifted="tags",
        replacing=lambda aws: {"subnetId": aws.subnets[1]},
    ),
    Scenario(
        "aws:ec2/routeTable:RouteTable",
        lambda aws: {
            "vpcId": aws.vpc,
            "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": aws.gateway}],
            "tags": {"Name": "one"},
        },
        _table,
        (["0.0.0.0/0"], "one"),
        changes=lambda aws: {
            "routes": [
                {"cidrBlock": "192.168.0.0/16", "gatewayId": aws.gateway},
                {"cidrBlock": "0.0.0.0/0", "gatewayId": aws.gateway},
            ]
        },
        changed=(["0.0.0.0/0", "192.168.0.0/16"], "one"),
        drift=lambda aws, table: aws.ec2.delete_route(
            RouteTableId=table.id, DestinationCidrBlock="192.168.0.0/16"
        ),
        drifted="routes",
        replacing=lambda aws: {"vpcId": "vpc-other"},
    ),
    Scenario(
        "aws:ec2/route:Route",
        lambda aws: {
            "routeTableId": aws.new_table(),
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": aws.gateway,
        },
        lambda aws, route: "there" if _route(aws, route) else None,
        "there",
        drift=None,
        replacing=lambda aws: {"destinationCidrBlock": "10.99.0.0/16"},
        imported_by=lambda aws, route: f"{route.properties['routeTableId']}_0.0.0.0/0",
    ),
    Scenario(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda aws: {"routeTableId": aws.new_table(), "subnetId": aws.subnets[0]},
        _association,
        True,
        replacing=lambda aws: {"subnetId": aws.subnets[1]},
        imported_by=lambda aws, found: f"{aws.subnets[0]}/{found.properties['routeTableId']}",
    ),
    Scenario(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda aws: {
            "vpcId": aws.vpc,
            "serviceName": f"com.amazonaws.{REGION}.s3",
            "vpcEndpointType": "Gateway",
            "routeTableIds": [aws.new_table()],
            "tags": {"Name": "one"},
        },
        _endpoint,
        "one",
        changes=lambda aws: {"tags": {"Name": "two"}},
        changed="two",
        drift=lambda aws, endpoint: _tag(aws, endpoint, "three"),
        drifted="tags",
        replacing=lambda aws: {"serviceName": f"com.amazonaws.{REGION}.dynamodb"},
    ),
    Scenario(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda aws: {
            "vpcId": aws.vpc,
            "description": "web",
            "ingress": [_ingress(80)],
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
            "tags": {"Name": "one"},
        },
        _group,
        ([80], "one"),
        changes=lambda aws: {"ingress": [_ingress(443), _ingress(80)]},
        changed=([80, 443], "one"),
        drift=lambda aws, group: aws.ec2.authorize_security_group_ingress(
            GroupId=group.id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
        ),
        drifted="ingress",
        replacing=lambda aws: {"description": "other"},
        silent=frozenset({"revokeRulesOnDelete"}),
    ),
    *(
        Scenario(
            f"aws:vpc/securityGroup{way}Rule:SecurityGroup{way}Rule",
            lambda aws, way=way: {
                "securityGroupId": aws.new_group(way),
                "cidrIpv4": "10.0.0.0/16",
                "ipProtocol": "tcp",
                "fromPort": 8080,
                "toPort": 8080,
            },
            _rule,
            (8080, "10.0.0.0/16"),
            changes=lambda aws: {"cidrIpv4": "10.0.0.0/8"},
            changed=(8080, "10.0.0.0/8"),
            replacing=lambda aws: {"securityGroupId": aws.group},
        )
        for way in ("Ingress", "Egress")
    ),
)
