"""Scenarios of what is stored: the bundle bucket with all that guards it, and parameters."""

from __future__ import annotations

import json
from typing import Any

from tests.local.engine.aws.asking import gone_is_none
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Scenario


def _bucket(aws: AwsSide, resource: Resource) -> Any:
    if not gone_is_none(lambda: aws.s3.head_bucket(Bucket=resource.id)):
        return None
    found = gone_is_none(lambda: aws.s3.get_bucket_tagging(Bucket=resource.id))
    return {tag["Key"]: tag["Value"] for tag in found["TagSet"]} if found else {}


def _tag_bucket(aws: AwsSide, resource: Resource) -> None:
    aws.s3.put_bucket_tagging(Bucket=resource.id, Tagging={"TagSet": [{"Key": "by", "Value": "hand"}]})


def _versioning(aws: AwsSide, resource: Resource) -> Any:
    state = aws.s3.get_bucket_versioning(Bucket=resource.id).get("Status")
    return state if resource.id == "versioned" and not _suspended_by_delete(state, resource) else None


def _suspended_by_delete(state: str | None, resource: Resource) -> bool:
    """Deleting the setting suspends a bucket's versioning, which AWS cannot turn off."""
    wanted = resource.properties["versioningConfiguration"]["status"]
    return state == "Suspended" and wanted == "Enabled"


def _set_versioning(aws: AwsSide, resource: Resource) -> None:
    aws.s3.put_bucket_versioning(Bucket=resource.id, VersioningConfiguration={"Status": "Suspended"})


def _block(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.s3.get_public_access_block(Bucket=resource.id))
    return found and [value for _, value in sorted(found["PublicAccessBlockConfiguration"].items())]


def _open(aws: AwsSide, resource: Resource) -> None:
    names = ("IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    aws.s3.put_public_access_block(
        Bucket=resource.id,
        PublicAccessBlockConfiguration=dict.fromkeys(names, True) | {"BlockPublicAcls": False},
    )


def _ownership(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.s3.get_bucket_ownership_controls(Bucket=resource.id))
    return found and found["OwnershipControls"]["Rules"][0]["ObjectOwnership"]


def _encryption(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.s3.get_bucket_encryption(Bucket=resource.id))
    rules = found and found["ServerSideEncryptionConfiguration"]["Rules"]
    return rules and rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]


def _encrypted(algorithm: str) -> list[dict[str, Any]]:
    return [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}}]


def _encrypt_by_hand(aws: AwsSide, resource: Resource) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    aws.s3.put_bucket_encryption(Bucket=resource.id, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _lifecycle(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.s3.get_bucket_lifecycle_configuration(Bucket=resource.id))
    return found and found["Rules"][0]["NoncurrentVersionExpiration"]["NoncurrentDays"]


def _expiring(days: int) -> list[dict[str, Any]]:
    return [
        {
            "id": "old",
            "status": "Enabled",
            "filter": {"prefix": "lease/"},
            "noncurrentVersionExpiration": {"noncurrentDays": days},
        }
    ]


def _policy(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.s3.get_bucket_policy(Bucket=resource.id))
    return found and json.loads(found["Policy"])["Statement"][0]["Action"]


def _denied(action: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": ["arn:aws:s3:::guarded/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _parameter(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.ssm.get_parameter(Name=resource.id, WithDecryption=True))
    return found and found["Parameter"]["Value"]


SCENARIOS = (
    Scenario(
        "aws:s3/bucket:Bucket",
        lambda aws: {"forceDestroy": True, "tags": {"one": "1"}},
        _bucket,
        {"one": "1"},
        changes=lambda aws: {"tags": {"one": "1", "two.b": "2"}},
        changed={"one": "1", "two.b": "2"},
        drift=_tag_bucket,
        drifted="tags",
        replacing=lambda aws: {"bucket": "another"},
        silent=frozenset({"forceDestroy"}),
    ),
    Scenario(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda aws: {
            "bucket": aws.new_bucket("versioned"),
            "versioningConfiguration": {"status": "Enabled"},
        },
        _versioning,
        "Enabled",
        drift=_set_versioning,
        drifted="versioningConfiguration",
        replacing=lambda aws: {"bucket": "another"},
        lingers=True,
    ),
    Scenario(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda aws: {"bucket": aws.new_bucket("private"), "blockPublicAcls": True},
        _block,
        [True, False, False, False],
        changes=lambda aws: {
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        changed=[True, True, True, True],
        drift=_open,
        drifted="blockPublicAcls",
        replacing=lambda aws: {"bucket": "another"},
    ),
    Scenario(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda aws: {"bucket": aws.new_bucket("owned"), "rule": {"objectOwnership": "ObjectWriter"}},
        _ownership,
        "ObjectWriter",
        changes=lambda aws: {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        changed="BucketOwnerEnforced",
        drift=lambda aws, found: aws.s3.put_bucket_ownership_controls(
            Bucket=found.id, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        ),
        drifted="rule",
        replacing=lambda aws: {"bucket": "another"},
    ),
    Scenario(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda aws: {"bucket": aws.new_bucket("encrypted"), "rules": _encrypted("AES256")},
        _encryption,
        "AES256",
        changes=lambda aws: {"rules": _encrypted("aws:kms")},
        changed="aws:kms",
        drift=_encrypt_by_hand,
        drifted="rules",
        replacing=lambda aws: {"bucket": "another"},
    ),
    Scenario(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda aws: {"bucket": aws.new_bucket("expiring"), "rules": _expiring(1)},
        _lifecycle,
        1,
        changes=lambda aws: {"rules": _expiring(2)},
        changed=2,
        replacing=lambda aws: {"bucket": "another"},
    ),
    Scenario(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda aws: {"bucket": aws.new_bucket("guarded"), "policy": _denied("s3:*")},
        _policy,
        "s3:*",
        changes=lambda aws: {"policy": _denied("s3:GetObject")},
        changed="s3:GetObject",
        drift=lambda aws, found: aws.s3.put_bucket_policy(Bucket=found.id, Policy=_denied("s3:PutObject")),
        drifted="policy",
        replacing=lambda aws: {"bucket": "another"},
    ),
    Scenario(
        "aws:ssm/parameter:Parameter",
        lambda aws: {"name": "/demo/one", "type": "SecureString", "value": "1"},
        _parameter,
        "1",
        changes=lambda aws: {"value": "2"},
        changed="2",
        drift=lambda aws, found: aws.ssm.put_parameter(
            Name=found.id, Value="by hand", Type="SecureString", Overwrite=True
        ),
        drifted="value",
        replacing=lambda aws: {"name": "/demo/another"},
    ),
)
