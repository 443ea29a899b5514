"""ElastiCache's replication groups made real: a Valkey server each, whatever number of nodes the group has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from moto.elasticache.exceptions import InvalidParameterValueException
from moto.elasticache.models import ElastiCacheBackend

from localcloud.addresses import AddressPool
from localcloud.controlplane.hooks import Hook, after
from localcloud.parts import Caches, CacheSpec

CREATE = (
    "replication_group_id replication_group_description global_replication_group_id primary_cluster_id "
    "automatic_failover_enabled multi_az_enabled num_cache_clusters preferred_cache_cluster_azs num_node_groups "
    "replicas_per_node_group node_group_configuration cache_node_type engine engine_version "
    "cache_parameter_group_name cache_subnet_group_name cache_security_group_names security_group_ids tags "
    "snapshot_arns snapshot_name preferred_maintenance_window port notification_topic_arn "
    "auto_minor_version_upgrade snapshot_retention_limit snapshot_window auth_token transit_encryption_enabled "
    "at_rest_encryption_enabled kms_key_id user_group_ids log_delivery_configurations data_tiering_enabled "
    "network_type ip_discovery transit_encryption_mode cluster_mode serverless_cache_snapshot_name"
)
ENGINES = ("valkey", "redis")
DEFAULT_VERSIONS = {"valkey": "8.0", "redis": "7.1"}
WINDOW = "sun:05:00-sun:06:00"
SNAPSHOTS = "03:00-04:00"

Locked = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True)
class _Held:
    group: Any
    backend: Any
    spec: CacheSpec


class CacheGroups:
    """The replication groups that ElastiCache holds, by identifier, each with its server and address here."""

    def __init__(self, caches: Caches, pool: AddressPool, on_log: Callable[[str], None]) -> None:
        self._caches = caches
        self._pool = pool
        self._log = on_log
        self._held: dict[str, _Held] = {}

    def hooks(self, locked: Locked) -> tuple[Hook, ...]:
        backend = ElastiCacheBackend
        return (
            Hook(backend, "create_replication_group", tuple(CREATE.split()), locked(self._create)),
            Hook(
                backend,
                "delete_replication_group",
                ("replication_group_id", "retain_primary_cluster"),
                after(locked(self._deleted)),
            ),
            Hook(backend, "describe_cache_clusters", ("cache_cluster_id",), locked(self._clusters)),
        )

    def _create(self, original: Callable[..., Any], backend: Any, **asked: Any) -> Any:
        _refuse_what_is_not_done(asked)
        nodes = asked["num_cache_clusters"]
        if nodes and not asked["replicas_per_node_group"]:
            # moto looks at the number of replicas only.
            asked["replicas_per_node_group"] = nodes - 1
        group = original(backend, **asked)
        identifier = group.replication_group_id
        spec = CacheSpec(
            identifier=identifier,
            address=self._pool.take(identifier),
            port=int(group.port),
            token=asked["auth_token"] or "",
            tls=bool(group.transit_encryption_enabled),
        )
        _place(group, spec.address, backend.region_name)
        group.snapshot_window = asked["snapshot_window"] or SNAPSHOTS
        group.status = "creating"
        self._held[identifier] = _Held(group, backend, spec)
        self._caches.create(spec)
        self._log(f"cache {identifier} is being created at {spec.address}:{spec.port}")
        return group

    def _deleted(self, group: Any, *_args: Any, **_kwargs: Any) -> None:
        if group.replication_group_id in self._held:
            self._caches.delete(group.replication_group_id)
            self._log(f"cache {group.replication_group_id} is being deleted")

    def _clusters(
        self, original: Callable[..., Any], backend: Any, cache_cluster_id: str | None = None
    ) -> list[Any]:
        members = dict(self._members(backend))
        if cache_cluster_id in members:
            return [members[cache_cluster_id]]
        found: list[Any] = original(backend, cache_cluster_id)
        return found if cache_cluster_id else [*found, *members.values()]

    def _members(self, backend: Any) -> Iterator[tuple[str | None, dict[str, Any]]]:
        for held in self._held.values():
            if held.backend is backend:
                for name in held.group.member_clusters:
                    yield name, _cluster(held, name)

    def step(self) -> None:
        """Let ElastiCache say `available` of the servers that answer, and forget the groups that are gone."""
        for identifier, held in list(self._held.items()):
            state = self._caches.status(identifier).state
            if held.group.status == "deleting":
                if state == "gone":
                    del self._held[identifier]
                    held.backend.replication_groups.pop(identifier, None)
                    self._pool.release(held.spec.address)
            else:
                seen = {"available": "available", "failed": "create-failed"}.get(state, "creating")
                if seen != held.group.status:
                    self._log(f"cache {identifier} is {seen}")
                    held.group.status = seen

    def keep(self) -> tuple[Any, ...]:
        """What `go_on` needs: of each group moto's object, its backend and what its server is made of."""
        return tuple(self._held.values())

    def go_on(self, kept: Iterable[Any]) -> None:
        """Hold what an earlier cloud held; what ran there starts again with its data."""
        for held in kept:
            self._held[held.spec.identifier] = held
            if held.group.status == "deleting":
                self._caches.delete(held.spec.identifier)
            else:
                self._caches.open(held.spec)

    def shown(self) -> list[dict[str, Any]]:
        """Every cache, as `localcloud status` tells of it."""
        return [
            {
                "id": identifier,
                "address": held.spec.address,
                "port": held.spec.port,
                "state": held.group.status,
                "pids": list((status := self._caches.status(identifier)).pids),
                "detail": status.detail,
            }
            for identifier, held in list(self._held.items())
        ]


def _refuse_what_is_not_done(asked: dict[str, Any]) -> None:
    if (asked["engine"] or "redis") not in ENGINES:
        raise InvalidParameterValueException(
            f"the local cloud's caches are {' or '.join(ENGINES)}; not {asked['engine']}"
        )
    if asked["cluster_mode"] == "enabled" or (asked["num_node_groups"] or 1) > 1:
        raise InvalidParameterValueException("the local cloud's caches have one shard: no cluster mode")


def _place(group: Any, address: str, region: str) -> None:
    """All endpoints of the group are the one server: the primary, the readers', the nodes' own."""
    endpoint = {"address": address, "port": group.port}
    for shard in group.node_groups:
        shard["primary_endpoint"] = shard["reader_endpoint"] = endpoint
        shard["primary_endpoint_address"] = shard["reader_endpoint_address"] = address
        for number, node in enumerate(shard["node_group_members"]):
            node["cache_node_id"] = "0001"
            node["read_endpoint"] = endpoint
            if node["preferred_availability_zone"].startswith("us-east-1"):
                # moto's own, whatever the region is.
                node["preferred_availability_zone"] = f"{region}{'abc'[number % 3]}"


def _cluster(held: _Held, name: str) -> dict[str, Any]:
    """A node of the group as DescribeCacheClusters tells of it, in AWS's names."""
    group = held.group
    nodes = group.node_groups[0]["node_group_members"]
    zone = next(node["preferred_availability_zone"] for node in nodes if node["cache_cluster_id"] == name)
    version = group.engine_version or DEFAULT_VERSIONS[group.engine]
    family = f"{group.engine}{version.split('.')[0]}"
    endpoint = {"Address": held.spec.address, "Port": held.spec.port}
    return {
        "CacheClusterId": name,
        "ReplicationGroupId": group.replication_group_id,
        "ARN": group.arn.replace(f"replicationgroup:{group.replication_group_id}", f"cluster:{name}"),
        "CacheClusterStatus": group.status,
        "CacheClusterCreateTime": group.replication_group_create_time,
        "CacheNodeType": group.cache_node_type,
        "Engine": group.engine,
        "EngineVersion": version if version.count(".") > 1 else f"{version}.0",
        "NumCacheNodes": 1,
        "PreferredAvailabilityZone": zone,
        "PreferredMaintenanceWindow": group.preferred_maintenance_window or WINDOW,
        "CacheSubnetGroupName": group.cache_subnet_group_name or "default",
        "CacheParameterGroup": {
            "CacheParameterGroupName": group.cache_parameter_group_name or f"default.{family}",
            "ParameterApplyStatus": "in-sync",
        },
        "CacheSecurityGroups": [],
        "SecurityGroups": [
            {"SecurityGroupId": one, "Status": "active"} for one in group.security_group_ids or []
        ],
        "CacheNodes": [
            {
                "CacheNodeId": "0001",
                "CacheNodeStatus": group.status,
                "CacheNodeCreateTime": group.replication_group_create_time,
                "Endpoint": endpoint,
                "ParameterGroupStatus": "in-sync",
                "CustomerAvailabilityZone": zone,
            }
        ],
        "AutoMinorVersionUpgrade": group.auto_minor_version_upgrade is not False,
        "SnapshotRetentionLimit": group.snapshot_retention_limit,
        "SnapshotWindow": group.snapshot_window,
        "AuthTokenEnabled": group.auth_token_enabled,
        "TransitEncryptionEnabled": group.transit_encryption_enabled,
        **({"TransitEncryptionMode": "required"} if group.transit_encryption_enabled else {}),
        "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
        "NetworkType": group.network_type,
        "IpDiscovery": group.ip_discovery,
    }
