"""Whether the credentials may do what updates do, as IAM itself simulates it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from release.doctor.account import Clients
from release.doctor.finding import Finding, NotLooked, bad, ok, warn

RELEASING = (
    *(f"autoscaling:{verb}" for verb in ("CreateAutoScalingGroup", "DeleteAutoScalingGroup")),
    *(f"autoscaling:{verb}" for verb in ("DescribeAutoScalingGroups", "UpdateAutoScalingGroup")),
    *(f"autoscaling:{verb}" for verb in ("PutScalingPolicy", "PutScheduledUpdateGroupAction")),
    *("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:PutMetricAlarm"),
    *(f"ec2:{verb}" for verb in ("CreateLaunchTemplate", "DeleteLaunchTemplate", "DescribeInstances")),
    *("ec2:CreateTags", "ec2:RunInstances"),
    *(f"elasticloadbalancing:{verb}" for verb in ("CreateRule", "ModifyRule", "DeleteRule", "DescribeRules")),
    *(f"elasticloadbalancing:{verb}" for verb in ("CreateTargetGroup", "DeleteTargetGroup")),
    *(f"elasticloadbalancing:{verb}" for verb in ("DescribeTargetHealth", "AddTags")),
    *("iam:PassRole", "logs:FilterLogEvents"),
    *("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"),
    *(
        f"scheduler:{verb}"
        for verb in ("CreateSchedule", "UpdateSchedule", "DeleteSchedule", "ListSchedules")
    ),
    *("secretsmanager:GetSecretValue", "sqs:GetQueueAttributes"),
)
"""Without one of these a release or a rollback fails."""

MAKING = (
    *("cloudwatch:PutDashboard", "ec2:AllocateAddress", "ec2:AuthorizeSecurityGroupIngress"),
    *(
        f"ec2:{verb}"
        for verb in ("CreateNatGateway", "CreateRouteTable", "CreateSecurityGroup", "CreateSubnet")
    ),
    *("ec2:CreateVpc", "ec2:CreateVpcEndpoint", "ec2:DescribeAvailabilityZones"),
    *("elasticache:CreateReplicationGroup", "elasticache:CreateCacheSubnetGroup"),
    *("elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateLoadBalancer"),
    *("iam:CreateInstanceProfile", "iam:CreateRole", "iam:PutRolePolicy"),
    *("logs:CreateLogGroup", "logs:PutRetentionPolicy"),
    *("rds:CreateDBInstance", "rds:CreateDBParameterGroup", "rds:CreateDBSubnetGroup"),
    *("s3:CreateBucket", "s3:PutBucketPolicy", "s3:PutEncryptionConfiguration"),
    *("scheduler:CreateScheduleGroup", "secretsmanager:CreateSecret", "secretsmanager:PutSecretValue"),
    *("sns:CreateTopic", "sns:Subscribe", "sqs:CreateQueue", "sqs:SetQueueAttributes", "ssm:GetParameter"),
)
"""Without one of these an environment cannot be made; releases to one that is there go on."""

ALLOWED = "allowed"
_FORBIDDEN = "explicitDeny"


def look(clients: Clients, arn: str) -> Mapping[str, str]:
    """IAM's decision for each action (`allowed`, `implicitDeny`, `explicitDeny`) for whoever has this ARN, asked
    without naming a resource. Raises NotLooked where it does not tell.
    """
    if arn.endswith(":root"):
        return dict.fromkeys((*RELEASING, *MAKING), ALLOWED)
    iam = clients("iam")
    try:
        source = _policy_source(iam, arn)
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=source, ActionNames=[*RELEASING, *MAKING]
        )
        results = [result for page in pages for result in page["EvaluationResults"]]
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        raise NotLooked(
            f"IAM does not simulate the policies of {arn}: {' '.join(str(error).split())[:160]}",
            "allow iam:SimulatePrincipalPolicy and iam:GetRole, or see what pulumi up says",
        ) from error
    return {str(result["EvalActionName"]): str(result["EvalDecision"]) for result in results}


def _policy_source(iam: Any, arn: str) -> str:
    """The user or role whose policies count: a session's own ARN has none."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    if kind == "assumed-role":
        return str(iam.get_role(RoleName=rest.partition("/")[0])["Role"]["Arn"])
    return arn


def rights(decisions: Mapping[str, str]) -> tuple[Finding, ...]:
    return (
        _judge("rights to release", RELEASING, decisions),
        _judge("rights to make an environment", MAKING, decisions),
    )


def _judge(check: str, needed: Sequence[str], decisions: Mapping[str, str]) -> Finding:
    forbidden = [action for action in needed if decisions.get(action) == _FORBIDDEN]
    if forbidden:
        seen = f"forbidden: {_some(forbidden)}"
        return bad(check, seen, "have the policy that forbids them changed, or use another role")
    missing = [action for action in needed if decisions.get(action) != ALLOWED]
    if missing:
        seen = f"not allowed on every resource: {_some(missing)}; a policy for named resources may still allow them"
        return warn(check, seen, "see that the role's policies allow them for this environment's resources")
    return ok(check, f"all {len(needed)} actions that were asked about")


def _some(actions: Sequence[str], most: int = 8) -> str:
    more = f" and {len(actions) - most} more" if len(actions) > most else ""
    return ", ".join(actions[:most]) + more
