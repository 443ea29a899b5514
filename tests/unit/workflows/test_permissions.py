"""What the roles of docs/ci.md may do: enough for the program and its commands, and no more than is said."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
import pytest
from awscli.clidriver import create_clidriver
from moto import mock_aws

from tests.unit.workflows.workflow import ROOT

DOCS = ROOT / "docs" / "ci"
READS = ("Get", "List", "Describe", "Lookup")

REFRESHED = {
    "autoscaling.Group": "autoscaling:DescribeAutoScalingGroups",
    "autoscaling.Policy": "autoscaling:DescribePolicies",
    "autoscaling.Schedule": "autoscaling:DescribeScheduledActions",
    "cloudwatch.Dashboard": "cloudwatch:GetDashboard",
    "cloudwatch.LogGroup": "logs:DescribeLogGroups logs:ListTagsForResource",
    "cloudwatch.MetricAlarm": "cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource",
    "ec2.Eip": "ec2:DescribeAddresses ec2:DescribeAddressesAttribute",
    "ec2.Instance": "ec2:DescribeInstances ec2:DescribeInstanceAttribute ec2:DescribeInstanceTypes ec2:DescribeVolumes "
    "ec2:DescribeInstanceCreditSpecifications ec2:DescribeTags",
    "ec2.InternetGateway": "ec2:DescribeInternetGateways",
    "ec2.LaunchTemplate": "ec2:DescribeLaunchTemplates ec2:DescribeLaunchTemplateVersions",
    "ec2.NatGateway": "ec2:DescribeNatGateways",
    "ec2.Route": "ec2:DescribeRouteTables",
    "ec2.RouteTable": "ec2:DescribeRouteTables",
    "ec2.RouteTableAssociation": "ec2:DescribeRouteTables",
    "ec2.SecurityGroup": "ec2:DescribeSecurityGroups",
    "ec2.Subnet": "ec2:DescribeSubnets",
    "ec2.Vpc": "ec2:DescribeVpcs ec2:DescribeVpcAttribute ec2:DescribeNetworkAcls",
    "ec2.VpcEndpoint": "ec2:DescribeVpcEndpoints ec2:DescribePrefixLists",
    "elasticache.ReplicationGroup": "elasticache:DescribeReplicationGroups elasticache:DescribeCacheClusters",
    "elasticache.SubnetGroup": "elasticache:DescribeCacheSubnetGroups elasticache:ListTagsForResource",
    "iam.InstanceProfile": "iam:GetInstanceProfile",
    "iam.Role": "iam:GetRole iam:ListRolePolicies iam:ListAttachedRolePolicies",
    "iam.RolePolicy": "iam:GetRolePolicy",
    "lb.Listener": "elasticloadbalancing:DescribeListeners elasticloadbalancing:DescribeListenerAttributes",
    "lb.ListenerRule": "elasticloadbalancing:DescribeRules elasticloadbalancing:DescribeTags",
    "lb.LoadBalancer": "elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeLoadBalancerAttributes "
    "elasticloadbalancing:DescribeCapacityReservation",
    "lb.TargetGroup": "elasticloadbalancing:DescribeTargetGroups elasticloadbalancing:DescribeTargetGroupAttributes",
    "rds.Instance": "rds:DescribeDBInstances rds:ListTagsForResource",
    "rds.ParameterGroup": "rds:DescribeDBParameterGroups rds:DescribeDBParameters",
    "rds.SubnetGroup": "rds:DescribeDBSubnetGroups",
    "s3.Bucket": "s3:ListBucket s3:GetBucketTagging s3:GetBucketAcl s3:GetBucketCORS s3:GetBucketLogging "
    "s3:GetAccelerateConfiguration s3:GetBucketRequestPayment s3:GetReplicationConfiguration s3:GetBucketWebsite "
    "s3:GetBucketObjectLockConfiguration",
    "s3.BucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3.BucketObjectv2": "s3:GetObject s3:GetObjectTagging",
    "s3.BucketOwnershipControls": "s3:GetBucketOwnershipControls",
    "s3.BucketPolicy": "s3:GetBucketPolicy",
    "s3.BucketPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3.BucketServerSideEncryptionConfiguration": "s3:GetEncryptionConfiguration",
    "s3.BucketVersioning": "s3:GetBucketVersioning",
    "scheduler.ScheduleGroup": "scheduler:GetScheduleGroup scheduler:ListTagsForResource",
    "secretsmanager.Secret": "secretsmanager:DescribeSecret secretsmanager:GetResourcePolicy",
    "secretsmanager.SecretVersion": "secretsmanager:GetSecretValue secretsmanager:DescribeSecret",
    "sns.Topic": "sns:GetTopicAttributes sns:ListTagsForResource",
    "sns.TopicSubscription": "sns:GetSubscriptionAttributes",
    "sqs.Queue": "sqs:GetQueueAttributes sqs:ListQueueTags",
    "sqs.QueuePolicy": "sqs:GetQueueAttributes",
    "vpc.SecurityGroupEgressRule": "ec2:DescribeSecurityGroupRules",
    "vpc.SecurityGroupIngressRule": "ec2:DescribeSecurityGroupRules",
}
"""What a refresh of each type asks AWS for, as the AWS plugin was seen to ask (by the front of a local cloud)."""

ASKED = {
    "autoscaling": "autoscaling",
    "cloudwatch": "cloudwatch",
    "ec2": "ec2",
    "elbv2": "elasticloadbalancing",
    "iam": "iam",
    "logs": "logs",
    "s3": "s3",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sqs": "sqs",
    "cloudtrail": "cloudtrail",
}
"""boto3's services that a release or a look for drift asks, by their names in policies."""

OTHERWISE = {"s3:ListObjectsV2": "s3:ListBucket", "s3:HeadObject": "s3:GetObject"}
"""Calls that policies know by another name."""

BY_PEOPLE = (
    "release/doctor/",
    "release/secret_variables.py",
    "release/cli/secrets.py",
    "release/provider/outside.py",
)
"""What no workflow runs: the doctor, and the keeping of secret variables."""


def policy(name: str) -> Any:
    return json.loads((DOCS / f"{name}.json").read_text())


def actions(name: str) -> Iterator[str]:
    for statement in policy(name)["Statement"]:
        told = statement["Action"]
        yield from [told] if isinstance(told, str) else told


def test_the_reader_can_change_nothing_and_neither_role_has_a_wildcard_or_may_give_itself_more() -> None:
    verbs = {action.partition(":")[2] for action in actions("reader")} - {"Decrypt"}
    assert [verb for verb in verbs if not verb.startswith(READS)] == []
    both = [*actions("reader"), *actions("releaser")]
    assert not any("*" in action for action in both)
    assert {each for each in actions("releaser") if each.startswith(("iam:", "sts:", "kms:"))} == {
        "iam:PassRole"
    }
    for statement in policy("releaser")["Statement"]:
        if statement["Action"] == "iam:PassRole":
            assert "iam:PassedToService" in statement["Condition"]["StringEquals"]


def test_a_role_as_a_whole_may_be_as_long_as_aws_takes_it() -> None:
    # The sum of a role's inline policies, without white space: 10,240 characters.
    sizes = [len(json.dumps(policy(name), separators=(",", ":"))) for name in ("reader", "releaser")]
    assert sum(sizes) + 1_000 < 10_240


def test_the_reader_may_look_at_each_type_of_resource_that_the_program_makes() -> None:
    made: set[str] = set()
    for folder in ("infra", "release"):
        for path in (ROOT / folder).rglob("*.py"):
            made |= {f"{a}.{b}" for a, b in re.findall(r"\baws\.([a-z0-9]+)\.([A-Z]\w+)\(", path.read_text())}
    types = {each for each in made if not each.endswith("Args")}
    assert sorted(types) == sorted(REFRESHED)
    needed = {action for told in REFRESHED.values() for action in told.split()}
    assert sorted(needed - {*actions("reader")}) == []


def test_the_two_roles_may_make_each_call_that_a_release_or_a_look_for_drift_makes() -> None:
    from botocore import xform_name
    from botocore.session import get_session

    session = get_session()
    calls: dict[str, set[str]] = {}
    for service, prefix in ASKED.items():
        for name in session.get_service_model(service).operation_names:
            action = f"{prefix}:{name}"
            calls.setdefault(xform_name(name), set()).add(OTHERWISE.get(action, action))
    allowed = {*actions("reader"), *actions("releaser")}
    missing = set()
    for path in (ROOT / "release").rglob("*.py"):
        if str(path.relative_to(ROOT)).startswith(BY_PEOPLE):
            continue
        for word in re.findall(r'(?:"|\.)([a-z]+(?:_[a-z0-9]+)+)(?:"|\()', path.read_text()):
            if word in calls and not calls[word] & allowed:
                missing.add(f"{path.name}: {word}")
    assert missing == set()


def test_the_recipe_makes_roles_that_only_this_repository_s_runs_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = recipe(tmp_path)
    with mock_aws():
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        for arguments in made:
            assert create_clidriver().main([*arguments, "--output", "text"]) == 0, arguments
        iam = boto3.client("iam", region_name="eu-west-1")
        roles = {each["RoleName"]: each for each in iam.list_roles()["Roles"]}
        assert sorted(roles) == ["uneventful-reader", "uneventful-releaser"]
        assert roles["uneventful-releaser"]["MaxSessionDuration"] == 10800
        names = iam.list_role_policies(RoleName="uneventful-releaser")["PolicyNames"]
        assert sorted(names) == ["reader", "releaser"]
        for role in roles.values():
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Principal"] == {
                "Federated": "arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com"
            }
            assert statement["Condition"].keys() == {"StringEquals"}
            told = statement["Condition"]["StringEquals"]
            assert told["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
            subjects = told["token.actions.githubusercontent.com:sub"]
            for subject in [subjects] if isinstance(subjects, str) else subjects:
                assert fnmatchcase(subject, "repo:team/shop:?*")
                assert "*" not in subject
        written = iam.get_role_policy(RoleName="uneventful-releaser", PolicyName="releaser")["PolicyDocument"]
        text = json.dumps(written)
        assert "444455556666" in text
        assert not re.search(r"ACCOUNT|REGION|REPOSITORY|STACK|STATE|KEY", text)
    releaser = policy("releaser-trust")["Statement"][0]["Condition"]["StringEquals"]
    assert releaser["token.actions.githubusercontent.com:sub"] == "repo:REPOSITORY:environment:STACK"


def recipe(folder: Path) -> list[list[str]]:
    """What the commands of the document's recipe ask `aws` for, run by a shell; their files are in `folder`."""
    text = (ROOT / "docs" / "ci.md").read_text()
    block = next(
        each for each in re.findall(r"```console\n(.*?)```", text, re.DOTALL) if "create-role" in each
    )
    commands = "\n".join(line.removeprefix("$ ") for line in block.splitlines()).replace(
        "/tmp/", f"{folder}/"
    )
    aws = folder / "aws"
    aws.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"print(json.dumps(sys.argv[1:]), file=open({str(folder / 'asked')!r}, 'a'))\n"
    )
    aws.chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-eu", "-c", commands], cwd=ROOT, env=environment, check=True)
    return [json.loads(line) for line in (folder / "asked").read_text().splitlines()]
