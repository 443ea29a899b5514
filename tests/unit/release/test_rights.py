"""Who may change things of a service, from an account as IAM tells it."""

from __future__ import annotations

from typing import Any

import pytest

from release.rights import service_of, who_may


def allow(action: object, key: str = "Action", effect: str = "Allow") -> dict[str, Any]:
    return {"Statement": [{"Effect": effect, key: action, "Resource": "*"}]}


def role(name: str, document: dict[str, Any], path: str = "/") -> dict[str, Any]:
    return {"RoleName": name, "Path": path, "RolePolicyList": [{"PolicyDocument": document}]}


@pytest.mark.parametrize(
    ("document", "may"),
    [
        (allow("*"), True),
        (allow("sqs:*"), True),
        (allow(["s3:*", "SQS:SetQueueAttributes"]), True),
        (allow("s*:*"), True),
        (allow(["sqs:Get*", "sqs:ListQueues"]), False),
        (allow("s3:*"), False),
        (allow("iam:*", "NotAction"), True),
        (allow(["iam:*", "sqs:*"], "NotAction"), False),
        (allow("sqs:*", effect="Deny"), False),
        ({"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}, True),
    ],
)
def test_a_policy_lets_its_role_change_a_service_or_does_not(document: dict[str, Any], may: bool) -> None:
    told = {
        "UserDetailList": [],
        "GroupDetailList": [],
        "Policies": [],
        "RoleDetailList": [role("r", document)],
    }
    assert who_may(told, "sqs") == (("role r",) if may else ())


def test_groups_and_managed_policies_count_and_roles_of_aws_s_own_services_do_not() -> None:
    admin = {"PolicyArn": "arn:admin"}
    told = {
        "UserDetailList": [{"UserName": "anna", "GroupList": ["ops"]}, {"UserName": "ben"}],
        "GroupDetailList": [{"GroupName": "ops", "AttachedManagedPolicies": [admin]}],
        "RoleDetailList": [role("of-aws", allow("*"), "/aws-service-role/sqs.amazonaws.com/")],
        "Policies": [
            {
                "Arn": "arn:admin",
                "PolicyVersionList": [
                    {"IsDefaultVersion": False, "Document": {}},
                    {"IsDefaultVersion": True, "Document": allow("*")},
                ],
            }
        ],
    }
    assert who_may(told, "sqs") == ("user anna",)


def test_each_type_of_the_program_has_a_service() -> None:
    wanted = {
        "aws:lb/listenerRule:ListenerRule": "elasticloadbalancing",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ec2",
        "aws:cloudwatch/logGroup:LogGroup": "logs",
        "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch",
        "aws:sqs/queue:Queue": "sqs",
        "uneventful:index:TrafficShift": "elasticloadbalancing",
        "command:remote:Command": "",
    }
    assert {kind: service_of(kind) for kind in wanted} == wanted
