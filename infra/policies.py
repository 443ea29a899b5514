"""What policies say. Each statement names what it allows: by an ARN, or by how the names of things begin that are made
later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.prefixes import BUNDLES, PROGRAMS, TURN
from infra.tags import ENVIRONMENT

Statement = dict[str, Any]
"""May hold outputs."""


@dataclass(frozen=True)
class Place:
    """Where the ARNs of an environment lead: `account` is its id, `partition` one of AWS's (aws, aws-cn, …)."""

    partition: pulumi.Output[str]
    region: str
    account: pulumi.Output[str]

    def arn(self, service: str, rest: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(
            "arn:", self.partition, f":{service}:{self.region}:", self.account, f":{rest}"
        )


def place_of(arn: pulumi.Output[str], region: str) -> Place:
    """The place of a resource that has an account in its ARN."""
    words = arn.apply(lambda text: text.split(":"))
    return Place(words.apply(lambda found: found[1]), region, words.apply(lambda found: found[4]))


def document(*statements: Statement) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def assumed_by(service: str, condition: Statement | None = None) -> pulumi.Output[str]:
    """Who may take a role: one of AWS's services, such as `ec2`."""
    statement: Statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    return document(statement | ({"Condition": condition} if condition else {}))


def reads_bundles(bucket_arn: pulumi.Input[str]) -> Statement:
    return _reads("ReadBundles", bucket_arn, BUNDLES)


def reads_turns(bucket_arn: pulumi.Input[str]) -> Statement:
    return _reads("ReadTurns", bucket_arn, TURN)


def reads_programs(bucket_arn: pulumi.Input[str]) -> Statement:
    return _reads("ReadPrograms", bucket_arn, PROGRAMS)


def reads_secrets(sid: str, arns: Sequence[pulumi.Input[str]]) -> Statement:
    return _allow(sid, ["secretsmanager:GetSecretValue"], arns)


def makes_logins(place: Place, prefix: str) -> Statement:
    """The value of a secret is made where it is used first; the secret itself is the program's."""
    actions = ["DescribeSecret", "GetSecretValue", "PutSecretValue"]
    return _allow("MakeLogins", [f"secretsmanager:{action}" for action in actions], [_secrets(place, prefix)])


def reads_logins(place: Place, prefix: str) -> Statement:
    return reads_secrets("ReadLogins", [_secrets(place, prefix)])


def sends_messages(queue_arns: Sequence[pulumi.Input[str]]) -> Statement:
    return _allow("SendMessages", ["sqs:SendMessage"], queue_arns)


def handles_messages(queue_arns: Sequence[pulumi.Input[str]]) -> Statement:
    actions = (
        *("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl"),
        *("ReceiveMessage", "SendMessage"),
    )
    return _allow("HandleMessages", [f"sqs:{action}" for action in actions], queue_arns)


def leaves_its_group(place: Place, environment: str) -> Statement:
    """An instance that cannot run its process has itself replaced; so it could any other one of its environment."""
    groups = place.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")
    allowed = _allow("LeaveGroup", ["autoscaling:SetInstanceHealth"], [groups])
    return allowed | {"Condition": {"StringEquals": {f"aws:ResourceTag/{ENVIRONMENT}": environment}}}


def writes_logs(place: Place, prefix: str) -> Statement:
    """The log groups whose names begin with `prefix`, which are there already."""
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    return _allow("WriteLogs", actions, [place.arn("logs", f"log-group:{prefix}*")])


def _reads(sid: str, bucket_arn: pulumi.Input[str], prefix: str) -> Statement:
    return _allow(sid, ["s3:GetObject"], [pulumi.Output.concat(bucket_arn, f"/{prefix}*")])


def _secrets(place: Place, prefix: str) -> pulumi.Output[str]:
    return place.arn("secretsmanager", f"secret:{prefix}*")


def _allow(sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
