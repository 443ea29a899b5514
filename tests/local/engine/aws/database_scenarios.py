"""Scenarios of the database's and the cache's surroundings; the servers themselves take minutes (`slow_scenarios`)."""

from __future__ import annotations

from typing import Any

from tests.local.engine.aws.asking import gone_is_none
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Inputs, Scenario


def _subnets(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.rds.describe_db_subnet_groups(DBSubnetGroupName=resource.id))
    return found and len(found["DBSubnetGroups"][0]["Subnets"])


def _shrink(aws: AwsSide, resource: Resource) -> None:
    aws.rds.modify_db_subnet_group(DBSubnetGroupName=resource.id, SubnetIds=aws.subnets[:1])


def _parameters(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(
        lambda: aws.rds.describe_db_parameters(DBParameterGroupName=resource.id, Source="user")
    )
    return found and {one["ParameterName"]: one["ParameterValue"] for one in found["Parameters"]}


def _connections(number: int) -> Inputs:
    return {
        "parameters": [
            {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"},
            {"name": "max_connections", "value": str(number), "applyMethod": "pending-reboot"},
        ]
    }


def _without_tls(aws: AwsSide, resource: Resource) -> None:
    aws.rds.modify_db_parameter_group(
        DBParameterGroupName=resource.id,
        Parameters=[{"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "immediate"}],
    )


def _cache_subnets(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(
        lambda: aws.elasticache.describe_cache_subnet_groups(CacheSubnetGroupName=resource.id)
    )
    return found and found["CacheSubnetGroups"][0]["CacheSubnetGroupDescription"]


SCENARIOS = (
    Scenario(
        "aws:rds/subnetGroup:SubnetGroup",
        lambda aws: {"subnetIds": aws.subnets, "description": "private"},
        _subnets,
        2,
        changes=lambda aws: {"description": "more private"},
        changed=2,
        drift=_shrink,
        drifted="subnetIds",
        replacing=lambda aws: {"name": "another"},
    ),
    Scenario(
        "aws:rds/parameterGroup:ParameterGroup",
        lambda aws: {"family": "postgres18", **_connections(100)},
        _parameters,
        {"rds.force_ssl": "1", "max_connections": "100"},
        changes=lambda aws: _connections(200),
        changed={"rds.force_ssl": "1", "max_connections": "200"},
        drift=_without_tls,
        drifted="parameters",
        replacing=lambda aws: {"family": "postgres17"},
        silent=frozenset({"skipDestroy"}),
    ),
    Scenario(
        "aws:elasticache/subnetGroup:SubnetGroup",
        lambda aws: {"subnetIds": aws.subnets, "description": "private"},
        _cache_subnets,
        "private",
        changes=lambda aws: {"description": "more private"},
        changed="more private",
        replacing=lambda aws: {"name": "another"},
    ),
)
