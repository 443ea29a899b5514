"""Scenarios of what must not be read: secrets, their versions, and keys."""

from __future__ import annotations

from typing import Any

from tests.local.engine.aws.asking import gone_is_none
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import Resource
from tests.local.engine.aws.scenario import Scenario


def _secret(aws: AwsSide, resource: Resource) -> Any:
    found = gone_is_none(lambda: aws.secrets.describe_secret(SecretId=resource.id))
    return found and found["Description"]


def _version(aws: AwsSide, resource: Resource) -> Any:
    secret = resource.properties["secretId"]
    found = gone_is_none(lambda: aws.secrets.get_secret_value(SecretId=secret))
    return found and found["SecretString"]


def _key(aws: AwsSide, resource: Resource) -> Any:
    key = aws.kms.describe_key(KeyId=resource.id)["KeyMetadata"]
    return key["Description"] if key["KeyState"] == "Enabled" else None


def _alias(aws: AwsSide, resource: Resource) -> Any:
    found = {one["AliasName"]: one["TargetKeyId"] for one in aws.kms.list_aliases()["Aliases"]}
    key = found.get(resource.id)
    return key and aws.kms.describe_key(KeyId=key)["KeyMetadata"]["Description"]


def _described(aws: AwsSide, description: str) -> str:
    key = aws.new_key()
    aws.kms.update_key_description(KeyId=key, Description=description)
    return key


SCENARIOS = (
    Scenario(
        "aws:secretsmanager/secret:Secret",
        lambda aws: {
            "namePrefix": "demo-dev-variables-",
            "description": "one",
            "recoveryWindowInDays": 0,
            "tags": {"by": "program"},
        },
        _secret,
        "one",
        changes=lambda aws: {"description": "two"},
        changed="two",
        drift=lambda aws, found: aws.secrets.update_secret(SecretId=found.id, Description="by hand"),
        drifted="description",
        replacing=lambda aws: {"namePrefix": "another-"},
        silent=frozenset({"recoveryWindowInDays", "forceOverwriteReplicaSecret"}),
    ),
    Scenario(
        "aws:secretsmanager/secretVersion:SecretVersion",
        lambda aws: {"secretId": aws.new_secret("versioned"), "secretString": '{"CACHE_TOKEN": "one"}'},
        _version,
        '{"CACHE_TOKEN": "one"}',
        replacing=lambda aws: {"secretString": '{"CACHE_TOKEN": "two"}', "secretId": aws.new_secret("other")},
        lasts=True,
    ),
    Scenario(
        "aws:kms/key:Key",
        lambda aws: {"description": "one", "deletionWindowInDays": 7, "enableKeyRotation": True},
        _key,
        "one",
        changes=lambda aws: {"description": "two"},
        changed="two",
        drift=lambda aws, found: aws.kms.update_key_description(KeyId=found.id, Description="by hand"),
        drifted="description",
        replacing=lambda aws: {"keyUsage": "SIGN_VERIFY"},
        silent=frozenset({"deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"}),
    ),
    Scenario(
        "aws:kms/alias:Alias",
        lambda aws: {"targetKeyId": _described(aws, "one")},
        _alias,
        "one",
        changes=lambda aws: {"targetKeyId": _described(aws, "two")},
        changed="two",
        drift=lambda aws, found: aws.kms.update_alias(
            AliasName=found.id, TargetKeyId=_described(aws, "three")
        ),
        drifted="targetKeyId",
        replacing=lambda aws: {"name": "alias/another"},
    ),
)
