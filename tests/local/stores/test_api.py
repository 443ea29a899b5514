"""Through AWS's own SDK: what RDS and ElastiCache say exists can be used, and what was deleted is gone."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import boto3
import psycopg
import pytest
import redis
from botocore.config import Config
from moto.backends import get_backend

from localcloud.controlplane.plane import ControlPlane
from localcloud.controlplane.server import ApiServer
from localcloud.faults import FaultBoard
from localcloud.location import Location
from localcloud.record import credentials
from localcloud.stores.local import LocalCaches
from tests.local.controlplane.fakes import FakeBalancer, FakeInstances
from tests.local.stores.conftest import Site, until

LOCATION = Location()


class Cloud:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.databases = site.databases()
        self.caches = LocalCaches(lambda: site.place, site.authority, site.log.append)
        board = FaultBoard(site.log.append)
        self.plane = ControlPlane(
            FakeInstances(),
            FakeBalancer(),
            self.databases,
            self.caches,
            site.pool,
            board,
            LOCATION,
            lambda: credentials(self.api.endpoint, LOCATION.region),
            site.log.append,
        )
        self.api = ApiServer(board, self.plane, LOCATION.region)
        self.api.start()

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.api.endpoint,
            region_name=LOCATION.region,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
        )

    def database(self, identifier: str, state: str = "available") -> Any:
        """What RDS says of an instance, once it is in this state."""

        def is_so() -> Any:
            self.plane.tick()
            found = self.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][
                0
            ]
            return found if found["DBInstanceStatus"] == state else None

        return until(is_so)

    def master(self, found: Any) -> Any:
        """The master user's secret as whoever may read it sees it."""
        held = self.client("secretsmanager").get_secret_value(SecretId=found["MasterUserSecret"]["SecretArn"])
        return json.loads(held["SecretString"])

    def connect(self, found: Any, secret: Any) -> psycopg.Connection:
        return psycopg.connect(
            host=found["Endpoint"]["Address"],
            port=found["Endpoint"]["Port"],
            user=secret["username"],
            password=secret["password"],
            dbname=found["DBName"],
            sslmode="verify-full",
            sslrootcert=str(self.site.authority.ca_path),
            autocommit=True,
        )

    def figures(self, namespace: str, dimension: str, value: str) -> dict[str, float]:
        """What CloudWatch has of one thing now, by metric."""
        self.plane.look()
        scope = ((dimension, value),)
        return {
            datum.key[1]: datum.sum
            for datum in self.plane.backend("cloudwatch").metric_data
            # What other tests put there by the API has no key of this kind.
            if getattr(datum, "key", ("", "", ""))[::2] == (namespace, scope)
        }

    def close(self) -> None:
        self.api.close()
        self.plane.close()
        self.databases.close()
        self.caches.close()


@pytest.fixture
def cloud(site: Site) -> Iterator[Cloud]:
    for service in ("rds", "elasticache", "secretsmanager", "cloudwatch"):
        get_backend(service)[LOCATION.account][LOCATION.region].reset()
    cloud = Cloud(site)
    yield cloud
    cloud.close()
    assert site.processes() == []


INSTANCE = {
    "DBInstanceIdentifier": "orders",
    "Engine": "postgres",
    "EngineVersion": "18",
    "DBInstanceClass": "db.t4g.micro",
    "AllocatedStorage": 20,
    "DBName": "app",
    "MasterUsername": "master",
    "ManageMasterUserPassword": True,
    "DBParameterGroupName": "orders",
}


def test_a_database_lives_from_its_creation_to_its_deletion_with_the_password_that_rds_manages(
    cloud: Cloud,
) -> None:
    rds = cloud.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="orders", DBParameterGroupFamily="postgres18", Description="of the test"
    )
    said = rds.create_db_instance(**INSTANCE)["DBInstance"]
    assert said["DBInstanceStatus"] == "creating"
    found = cloud.database("orders")
    assert found["EngineVersion"].startswith("18.")
    secret = cloud.master(found)
    with cloud.connect(found, secret) as connection:
        connection.execute("CREATE TABLE orders (id int)")
        rds_says = functools.partial(cloud.figures, "AWS/RDS", "DBInstanceIdentifier", "orders")
        until(lambda: rds_says()["DatabaseConnections"] == 1)
        assert 19 * 2**30 < rds_says()["FreeStorageSpace"] < 20 * 2**30
        with cloud.connect(found, secret) as other:
            other.execute("SELECT sum(n) FROM generate_series(1, 1500000) AS n")
            during = rds_says()
        assert during["DatabaseConnections"] == 2
        assert during["CPUUtilization"] > 0

        rds.modify_db_parameter_group(
            DBParameterGroupName="orders",
            Parameters=[
                {"ParameterName": "work_mem", "ParameterValue": "8192", "ApplyMethod": "immediate"},
            ],
        )
        until(lambda: connection.execute("SHOW work_mem").fetchone() == ("8MB",))

        rds.modify_db_instance(
            DBInstanceIdentifier="orders", RotateMasterUserPassword=True, ApplyImmediately=True
        )
        rotated = cloud.master(cloud.database("orders"))
        assert rotated["password"] != secret["password"]
        until(lambda: cloud.connect(found, rotated))
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            cloud.connect(found, secret)

    rds.reboot_db_instance(DBInstanceIdentifier="orders")
    with cloud.connect(cloud.database("orders"), rotated) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)

    rds.stop_db_instance(DBInstanceIdentifier="orders")
    cloud.database("orders", "stopped")
    until(lambda: cloud.site.processes() == [])

    rds.delete_db_instance(DBInstanceIdentifier="orders", FinalDBSnapshotIdentifier="last")
    until(lambda: cloud.databases.status("orders").state == "gone")
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault):
        rds.describe_db_instances(DBInstanceIdentifier="orders")
    assert not list((cloud.site.place.root / "databases").iterdir())


def test_a_cache_answers_where_its_group_says_and_each_node_can_be_asked_about(cloud: Cloud) -> None:
    elasticache = cloud.client("elasticache")
    elasticache.create_replication_group(
        ReplicationGroupId="sessions",
        ReplicationGroupDescription="of the test",
        Engine="valkey",
        EngineVersion="8.0",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        TransitEncryptionEnabled=True,
        AuthToken="token-" * 4,
        SecurityGroupIds=["sg-1"],
    )

    def group() -> Any:
        cloud.plane.tick()
        return elasticache.describe_replication_groups(ReplicationGroupId="sessions")["ReplicationGroups"][0]

    until(lambda: group()["Status"] == "available")
    found = group()
    endpoint = found["NodeGroups"][0]["PrimaryEndpoint"]
    with redis.Redis(
        host=endpoint["Address"],
        port=endpoint["Port"],
        password="token-" * 4,
        ssl=True,
        ssl_ca_certs=str(cloud.site.authority.ca_path),
    ) as client:
        assert client.ping()
        node = found["MemberClusters"][1]
        until(lambda: cloud.figures("AWS/ElastiCache", "CacheClusterId", node)["CurrConnections"] == 1)
        seen = cloud.figures("AWS/ElastiCache", "CacheClusterId", node)
        assert 0 < seen["DatabaseMemoryUsagePercentage"] < 20
        assert seen["Evictions"] == 0
    assert len(found["MemberClusters"]) == 2
    for name in found["MemberClusters"]:
        node = elasticache.describe_cache_clusters(CacheClusterId=name)["CacheClusters"][0]
        assert node["EngineVersion"].startswith("8.0.")
        assert node["SecurityGroups"] == [{"SecurityGroupId": "sg-1", "Status": "active"}]
        assert node["TransitEncryptionMode"] == "required"
    elasticache.delete_replication_group(ReplicationGroupId="sessions")

    def is_gone() -> bool:
        try:
            return group()["Status"] != "deleting"
        except elasticache.exceptions.ReplicationGroupNotFoundFault:
            return True

    until(is_gone)
    assert cloud.site.processes() == []
