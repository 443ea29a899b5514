"""Cache subnet groups that can be changed and deleted, which moto's cannot."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.models import CacheSubnetGroup
from moto.elasticache.responses import ElastiCacheResponse

from localcloud.controlplane.hooks import Addition


def cache_subnet_groups() -> tuple[Addition, ...]:
    """Additions that need nothing but moto."""
    return (
        Addition(ElastiCacheResponse, "modify_cache_subnet_group", _modify),
        Addition(ElastiCacheResponse, "delete_cache_subnet_group", _delete),
    )


def _modify(response: Any) -> Any:
    """ModifyCacheSubnetGroup: what the request leaves out stays."""
    former = _group(response)
    description = response._get_param("CacheSubnetGroupDescription")
    backend = response.elasticache_backend
    group = CacheSubnetGroup(
        backend.account_id,
        backend.region_name,
        former.cache_subnet_group_name,
        former.cache_subnet_group_description if description is None else description,
        response._get_param("SubnetIds") or former.subnet_ids,
        former.tags,
    )
    backend.cache_subnet_groups[former.cache_subnet_group_name] = group
    return ActionResult({"CacheSubnetGroup": group})


def _delete(response: Any) -> Any:
    """DeleteCacheSubnetGroup; one that is not there is an error, as on AWS."""
    group = _group(response)
    del response.elasticache_backend.cache_subnet_groups[group.cache_subnet_group_name]
    return EmptyResult()


def _group(response: Any) -> Any:
    name = response._get_param("CacheSubnetGroupName")
    (group,) = response.elasticache_backend.describe_cache_subnet_groups(cache_subnet_group_name=name)
    return group
