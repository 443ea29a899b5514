"""What RDS says of databases whose servers are elsewhere, and what of RDS is refused because it would not be true."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.controlplane.conftest import World

INSTANCE = {
    "DBInstanceIdentifier": "orders",
    "Engine": "postgres",
    "EngineVersion": "18",
    "DBInstanceClass": "db.t4g.micro",
    "AllocatedStorage": 20,
    "DBName": "app",
    "MasterUsername": "master",
    "MasterUserPassword": "password",
}


def create(world: World, **other: Any) -> Any:
    return world.client("rds").create_db_instance(**{**INSTANCE, **other})["DBInstance"]


def seen(world: World, name: str = "orders") -> Any:
    world.plane.tick()
    return world.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def test_an_instance_is_available_when_its_server_answers_and_not_before(world: World) -> None:
    assert create(world)["DBInstanceStatus"] == "creating"
    assert seen(world)["DBInstanceStatus"] == "creating"
    world.databases.states["orders"] = "available"
    assert seen(world)["DBInstanceStatus"] == "available"
    world.databases.states["orders"] = "failed"
    assert seen(world)["DBInstanceStatus"] == "failed"


def test_two_instances_are_told_apart_by_endpoint_and_resource_id(world: World) -> None:
    one, two = create(world), create(world, DBInstanceIdentifier="others")
    assert one["DbiResourceId"] != two["DbiResourceId"]
    assert one["Endpoint"]["Address"] != two["Endpoint"]["Address"]
    found = world.client("rds").describe_db_instances(
        Filters=[{"Name": "dbi-resource-id", "Values": [two["DbiResourceId"]]}]
    )["DBInstances"]
    assert [instance["DBInstanceIdentifier"] for instance in found] == ["others"]


def test_a_changed_password_and_changed_parameters_reach_the_server(world: World) -> None:
    rds = world.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="ours", DBParameterGroupFamily="postgres18", Description="of the test"
    )
    create(world, DBParameterGroupName="ours")
    rds.modify_db_instance(DBInstanceIdentifier="orders", MasterUserPassword="another-one")
    assert world.databases.asked[-1][1].password == "another-one"
    forced = {"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="ours", Parameters=[forced])
    what, spec = world.databases.asked[-1]
    assert (what, spec.parameters, spec.password) == ("change", {"rds.force_ssl": "0"}, "another-one")


def test_a_managed_password_is_made_once_and_kept_when_an_instance_changes(world: World) -> None:
    rds = world.client("rds")
    managed = {key: value for key, value in INSTANCE.items() if key != "MasterUserPassword"}
    said = rds.create_db_instance(**managed, ManageMasterUserPassword=True)["DBInstance"]
    changed = rds.modify_db_instance(
        DBInstanceIdentifier="orders", ManageMasterUserPassword=True, AllocatedStorage=30
    )["DBInstance"]
    assert changed["MasterUserSecret"]["SecretArn"] == said["MasterUserSecret"]["SecretArn"]
    passwords = {spec.password for _, spec in world.databases.asked}
    assert len(passwords) == 1
    assert not passwords.pop().isalnum()


@pytest.mark.parametrize("other", [{"Engine": "mysql"}, {"EngineVersion": "15"}])
def test_a_database_that_would_be_another_one_than_asked_for_is_refused(
    world: World, other: dict[str, str]
) -> None:
    with pytest.raises(world.client("rds").exceptions.ClientError, match="local cloud"):
        create(world, **other)
    assert world.databases.asked == []


def test_a_restore_that_would_be_empty_is_refused(world: World) -> None:
    rds = world.client("rds")
    create(world)
    rds.create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="last")
    with pytest.raises(rds.exceptions.ClientError, match="it would be empty"):
        rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="again", DBSnapshotIdentifier="last")


def test_a_protected_database_stays_and_a_deleted_ones_name_is_free_again(world: World) -> None:
    rds = world.client("rds")
    create(world, DeletionProtection=True)
    with pytest.raises(rds.exceptions.ClientError, match="protected"):
        rds.delete_db_instance(DBInstanceIdentifier="orders", SkipFinalSnapshot=True)
    assert ("delete", "orders") not in world.databases.asked
    rds.modify_db_instance(DBInstanceIdentifier="orders", DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier="orders", SkipFinalSnapshot=True)
    create(world)
    assert [what for what, _ in world.databases.asked if what != "change"] == ["create", "delete", "create"]
