"""What keeps data: the database, the cache, the queues, and the secrets that open them."""

from __future__ import annotations

import json

import pytest

from tests.program.recording import Recorded, Recording, World, run

PRIVATE = {"private-1-id", "private-2-id"}


def reached(recording: Recording, group: str) -> set[tuple[str, float, float]]:
    """Who reaches what is in a security group: a group or an address range, and from and to which port."""
    return {
        (rule.get("referencedSecurityGroupId") or rule["cidrIpv4"], rule["fromPort"], rule["toPort"])
        for rule in (r.inputs for r in recording.of("SecurityGroupIngressRule"))
        if rule["securityGroupId"] == f"{group}-id"
    }


def test_the_database_is_private_and_reached_by_instances_and_the_operations_host_alone(
    environment: Recording,
) -> None:
    database = environment.one("rds/instance:Instance").inputs
    assert database["publiclyAccessible"] is False
    assert set(environment.one("rds/subnetGroup:SubnetGroup").inputs["subnetIds"]) == PRIVATE
    assert database["dbSubnetGroupName"] == "database"
    assert database["vpcSecurityGroupIds"] == ["database-id"]
    assert reached(environment, "database") == {("instances-id", 5432, 5432), ("operations-id", 5432, 5432)}


def test_the_cache_is_private_and_reached_by_instances_and_the_operations_host_alone(
    environment: Recording,
) -> None:
    cache = environment.one("ReplicationGroup").inputs
    assert set(environment.one("elasticache/subnetGroup:SubnetGroup").inputs["subnetIds"]) == PRIVATE
    assert cache["securityGroupIds"] == ["cache-id"]
    assert reached(environment, "cache") == {(f"{who}-id", 6379, 6379) for who in ("instances", "operations")}


def test_what_keeps_data_reaches_nothing(environment: Recording) -> None:
    out = {r.inputs["securityGroupId"] for r in environment.of("SecurityGroupEgressRule")}
    assert out == {"balancer-id", "instances-id", "operations-id"}


def test_data_is_encrypted_where_it_lies_and_on_its_way(environment: Recording) -> None:
    assert environment.one("rds/instance:Instance").inputs["storageEncrypted"] is True
    group = environment.one("ParameterGroup").inputs
    assert [(p["name"], p["value"]) for p in group["parameters"]] == [("rds.force_ssl", "1")]
    assert group["family"] == "postgres18"
    assert environment.one("rds/instance:Instance").inputs["parameterGroupName"] == "database"
    cache = environment.one("ReplicationGroup").inputs
    assert (cache["atRestEncryptionEnabled"], cache["transitEncryptionEnabled"]) == (True, True)
    assert all(q.inputs["sqsManagedSseEnabled"] is True for q in environment.of("sqs/queue:Queue"))


def test_nobody_but_the_database_service_knows_the_masters_password(environment: Recording) -> None:
    database = environment.one("rds/instance:Instance").inputs
    assert database["manageMasterUserPassword"] is True
    assert not any("assword" in key for key in set(database) - {"manageMasterUserPassword"})


@pytest.mark.parametrize(
    ("stack", "kept", "twice", "protected"),
    [("dev", False, False, False), ("staging", True, None, False), ("production", True, True, True)],
)
def test_data_is_kept_as_the_settings_say(
    stack: str, kept: bool, twice: bool | None, protected: bool, recorded: Recorded
) -> None:
    database = recorded[stack].one("rds/instance:Instance").inputs
    assert database["skipFinalSnapshot"] is not kept
    assert ("finalSnapshotIdentifier" in database) is kept
    assert database["backupRetentionPeriod"] >= 1
    if twice is not None:
        assert database["multiAz"] is twice
    assert recorded[stack].one("secretsmanager/secret:Secret", "variables").inputs[
        "recoveryWindowInDays"
    ] == (30 if protected else 0)


def test_the_engine_refuses_to_delete_productions_data(recorded: Recorded) -> None:
    guarded = {
        stack: {r.type.rpartition(":")[2] for r in recording.resources if r.protect}
        for stack, recording in recorded.items()
    }
    assert guarded["dev"] == guarded["staging"] == set()
    assert {"Instance", "Bucket", "LoadBalancer", "Secret"} <= guarded["production"]


def test_a_cache_without_a_replica_asks_for_no_failover(recorded: Recorded) -> None:
    for stack, servers in (("dev", 1), ("staging", 2), ("production", 3)):
        cache = recorded[stack].one("ReplicationGroup").inputs
        assert cache["numCacheClusters"] == servers
        assert cache["automaticFailoverEnabled"] is cache["multiAzEnabled"] is (servers > 1)


def test_the_caches_token_is_a_secret_everywhere_and_made_once(environment: Recording) -> None:
    stash = environment.one("pulumi:index:Stash", "cache-token")
    assert stash.secret == {"input"}
    assert stash.ignored == ("input",)
    group = environment.one("ReplicationGroup")
    assert group.inputs["authToken"] == stash.inputs["input"]
    assert "authToken" in group.secret
    version = environment.one("SecretVersion", "cache-token")
    assert json.loads(version.inputs["secretString"]) == {"CACHE_TOKEN": stash.inputs["input"]}
    assert "secretString" in version.secret
    assert len(stash.inputs["input"]) == 64


def test_no_two_environments_have_a_secret_in_common(recorded: Recorded) -> None:
    secrets = [
        stash.inputs["input"]
        for recording in recorded.values()
        for stash in recording.of("pulumi:index:Stash")
        if stash.secret
    ]
    assert len(set(secrets)) == len(secrets) >= 3 * len(recorded)


def test_the_secret_variables_have_no_version_that_an_update_could_overwrite(environment: Recording) -> None:
    versions = {version.inputs["secretId"] for version in environment.of("SecretVersion")}
    assert versions == {"cache-token-id", "host-key-id"}


def test_each_queue_has_dead_letters_that_outlive_it(monkeypatch: pytest.MonkeyPatch) -> None:
    queues = {"uneventful:queues": {"jobs": {"attempts": 3}, "mail-out": {"retention": 1209600}}}
    recording = run(World("dev", queues), monkeypatch)
    made = {q.name: q.inputs for q in recording.of("sqs/queue:Queue")}
    assert set(made) == {
        f"{kind}-{of}" for kind in ("queue", "dead") for of in ("jobs", "mail-out", "commands")
    }
    for name, attempts in (("jobs", 3), ("mail-out", 5), ("commands", 5)):
        redrive = json.loads(made[f"queue-{name}"]["redrivePolicy"])
        assert redrive == {"deadLetterTargetArn": f"arn:aws:made:::dead-{name}", "maxReceiveCount": attempts}
        assert "redrivePolicy" not in made[f"dead-{name}"]
        # A message that dies keeps the age that it had.
        assert made[f"dead-{name}"]["messageRetentionSeconds"] == 1209600


def test_a_queue_refuses_whatever_does_not_come_over_tls(environment: Recording) -> None:
    policies = environment.of("sqs/queuePolicy:QueuePolicy")
    assert {p.inputs["queueUrl"] for p in policies} == {
        f"https://queues.example.com/{kind}-{of}" for kind in ("queue", "dead") for of in ("jobs", "commands")
    }
    for policy in policies:
        (statement,) = json.loads(policy.inputs["policy"])["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Resource"] == f"arn:aws:made:::{policy.name}"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert policy.deleted_with == policy.name, "nobody waits for its end, and then for its queue's"
