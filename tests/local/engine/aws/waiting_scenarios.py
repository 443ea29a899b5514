"""Scenarios of what HashiCorp's provider waits minutes for: the database, the cache and queues.

RDS takes 80 s to make, a queue 25 s and each of its policies 25 s more; fixed waits in the provider, whatever the API
says. So the tests read through an import what was made by the API, and whole lives are lived on request
(`whole_lives.py`).
"""

from __future__ import annotations

import json
from typing import Any

from tests.local.engine.aws.asking import first, gone_is_none
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Inputs, Scenario


def _queue(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.sqs.get_queue_attributes(QueueUrl=resource.id, AttributeNames=["All"]))
    return found and int(found["Attributes"]["VisibilityTimeout"])


def _redriven(aws: AwsSide) -> Inputs:
    dead = aws.queue_arn(aws.new_queue("dead"))
    return {
        "visibilityTimeoutSeconds": 60,
        "messageRetentionSeconds": 345600,
        "sqsManagedSseEnabled": True,
        "redrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5}),
    }


def _hide(aws: AwsSide, resource: Resource) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=resource.id, Attributes={"VisibilityTimeout": "5"})


def _document(action: str) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _policy(aws: AwsSide, resource: Resource) -> Any:
    found = aws.sqs.get_queue_attributes(QueueUrl=resource.id, AttributeNames=["All"])["Attributes"]
    return first([one["Action"] for one in json.loads(found.get("Policy", "{}")).get("Statement", [])])


def _set_policy(aws: AwsSide, resource: Resource) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=resource.id, Attributes={"Policy": _document("sqs:PurgeQueue")})


def _allowed(aws: AwsSide, resource: Resource) -> Any:
    found = aws.sqs.get_queue_attributes(QueueUrl=resource.id, AttributeNames=["All"])["Attributes"]
    text = found.get("RedriveAllowPolicy")
    return json.loads(text)["redrivePermission"] if text else None


def _allow(aws: AwsSide, resource: Resource) -> None:
    aws.sqs.set_queue_attributes(
        QueueUrl=resource.id, Attributes={"RedriveAllowPolicy": '{"redrivePermission":"allowAll"}'}
    )


def _database(aws: AwsSide, resource: Resource) -> Any:
    name = resource.properties["identifier"]
    found = gone_is_none(lambda: aws.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"])
    return found and found[0]["BackupRetentionPeriod"]


def _postgres(aws: AwsSide) -> Inputs:
    name = "for-instances"
    aws.rds.create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=aws.subnets
    )
    aws.rds.create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily="postgres18", Description="d"
    )
    return {
        "engine": "postgres",
        "engineVersion": "18",
        "instanceClass": "db.t4g.micro",
        "storageType": "gp3",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageEncrypted": True,
        "dbName": "app",
        "username": "master",
        "manageMasterUserPassword": True,
        "dbSubnetGroupName": name,
        "parameterGroupName": name,
        "vpcSecurityGroupIds": [aws.group],
        "multiAz": True,
        "publiclyAccessible": False,
        "backupRetentionPeriod": 7,
        "copyTagsToSnapshot": True,
        "deletionProtection": False,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "for-instances-final",
        "applyImmediately": True,
        "monitoringInterval": 0,
        "performanceInsightsEnabled": False,
        "tags": {"by": "program"},
    }


def _keep_less(aws: AwsSide, resource: Resource) -> None:
    aws.rds.modify_db_instance(
        DBInstanceIdentifier=resource.properties["identifier"], BackupRetentionPeriod=1, ApplyImmediately=True
    )


def _cache(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(
        lambda: aws.elasticache.describe_replication_groups(ReplicationGroupId=resource.id)[
            "ReplicationGroups"
        ]
    )
    return found and found[0]["Description"]


def _valkey(aws: AwsSide) -> Inputs:
    aws.elasticache.create_cache_subnet_group(
        CacheSubnetGroupName="for-groups", CacheSubnetGroupDescription="d", SubnetIds=aws.subnets
    )
    return {
        "description": "sessions",
        "engine": "valkey",
        "engineVersion": "8.0",
        "nodeType": "cache.t4g.micro",
        "numCacheClusters": 2,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "transitEncryptionEnabled": True,
        "atRestEncryptionEnabled": True,
        "authToken": "a-token-of-sixteen-characters",
        "subnetGroupName": "for-groups",
        "securityGroupIds": [aws.group],
        "port": 6379,
        "applyImmediately": True,
        "tags": {"by": "program"},
    }


QUEUES = (
    Scenario(
        "aws:sqs/queue:Queue",
        _redriven,
        _queue,
        60,
        changes=lambda aws: {"visibilityTimeoutSeconds": 120},
        changed=120,
        drift=_hide,
        drifted="visibilityTimeoutSeconds",
        replacing=lambda aws: {"name": "another"},
        silent=frozenset({"maxMessageSize"}),
    ),
    Scenario(
        "aws:sqs/queuePolicy:QueuePolicy",
        lambda aws: {"queueUrl": aws.new_queue("guarded"), "policy": _document("sqs:SendMessage")},
        _policy,
        "sqs:SendMessage",
        changes=lambda aws: {"policy": _document("sqs:*")},
        changed="sqs:*",
        drift=_set_policy,
        drifted="policy",
        replacing=lambda aws: {"queueUrl": aws.new_queue("other")},
    ),
    Scenario(
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        lambda aws: {
            "queueUrl": aws.new_queue("taking"),
            "redriveAllowPolicy": '{"redrivePermission":"denyAll"}',
        },
        _allowed,
        "denyAll",
        drift=_allow,
        drifted="redriveAllowPolicy",
        replacing=lambda aws: {"queueUrl": aws.new_queue("other")},
    ),
)

STORES = (
    Scenario(
        "aws:rds/instance:Instance",
        _postgres,
        _database,
        7,
        changes=lambda aws: {"backupRetentionPeriod": 14, "maxAllocatedStorage": 200},
        changed=14,
        drift=_keep_less,
        drifted="backupRetentionPeriod",
        replacing=lambda aws: {"username": "other", "storageEncrypted": False, "dbName": "other"},
        imported_by=lambda aws, found: str(found.properties["identifier"]),
        silent=frozenset(
            {
                "applyImmediately",
                "skipFinalSnapshot",
                "finalSnapshotIdentifier",
                "deleteAutomatedBackups",
                "engineVersion",
                "manageMasterUserPassword",
            }
        ),
    ),
    Scenario(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        _valkey,
        _cache,
        "sessions",
        changes=lambda aws: {"description": "sessions and more"},
        changed="sessions and more",
        replacing=lambda aws: {"subnetGroupName": "another", "atRestEncryptionEnabled": False},
        silent=frozenset({"applyImmediately", "authToken", "authTokenUpdateStrategy"}),
    ),
)
SCENARIOS = (*QUEUES, *STORES)


NAMES = {"Queue": "name", "Instance": "identifier", "ReplicationGroup": "replicationGroupId"}
BY_HAND = "by-hand"


def by_hand(kind: str, aws: AwsSide, inputs: Inputs) -> str:
    """The identity of one that the API makes at once as `inputs` say; these are inputs of a scenario above."""
    match kind.rpartition(":")[2]:
        case "Queue":
            return aws.new_queue(
                BY_HAND,
                VisibilityTimeout=str(inputs["visibilityTimeoutSeconds"]),
                MessageRetentionPeriod=str(inputs["messageRetentionSeconds"]),
                RedrivePolicy=inputs["redrivePolicy"],
                SqsManagedSseEnabled="true",
            )
        case "QueuePolicy":
            url = str(inputs["queueUrl"])
            aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": inputs["policy"]})
            return url
        case "RedriveAllowPolicy":
            url = str(inputs["queueUrl"])
            attributes = {"RedriveAllowPolicy": inputs["redriveAllowPolicy"]}
            aws.sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
            return url
        case "Instance":
            return _database_by_hand(aws, inputs)
        case _:
            return _cache_by_hand(aws, inputs)


def _database_by_hand(aws: AwsSide, inputs: Inputs) -> str:
    aws.rds.create_db_instance(
        DBInstanceIdentifier=BY_HAND,
        Engine=inputs["engine"],
        EngineVersion=inputs["engineVersion"],
        DBInstanceClass=inputs["instanceClass"],
        StorageType=inputs["storageType"],
        AllocatedStorage=inputs["allocatedStorage"],
        MaxAllocatedStorage=inputs["maxAllocatedStorage"],
        StorageEncrypted=True,
        DBName=inputs["dbName"],
        MasterUsername=inputs["username"],
        ManageMasterUserPassword=True,
        DBSubnetGroupName=inputs["dbSubnetGroupName"],
        DBParameterGroupName=inputs["parameterGroupName"],
        VpcSecurityGroupIds=inputs["vpcSecurityGroupIds"],
        MultiAZ=True,
        PubliclyAccessible=False,
        BackupRetentionPeriod=inputs["backupRetentionPeriod"],
        CopyTagsToSnapshot=True,
        Tags=[{"Key": "by", "Value": "program"}],
    )
    return BY_HAND


def _cache_by_hand(aws: AwsSide, inputs: Inputs) -> str:
    aws.elasticache.create_replication_group(
        ReplicationGroupId=BY_HAND,
        ReplicationGroupDescription=inputs["description"],
        Engine=inputs["engine"],
        EngineVersion=inputs["engineVersion"],
        CacheNodeType=inputs["nodeType"],
        NumCacheClusters=inputs["numCacheClusters"],
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
        TransitEncryptionEnabled=True,
        AtRestEncryptionEnabled=True,
        AuthToken=inputs["authToken"],
        CacheSubnetGroupName=inputs["subnetGroupName"],
        SecurityGroupIds=inputs["securityGroupIds"],
        Port=inputs["port"],
        Tags=[{"Key": "by", "Value": "program"}],
    )
    return BY_HAND
