"""What each machine of an environment may do, and what may take its role."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.program.recording import REGION, Recorded, Recording, World, run

BUNDLES = "arn:aws:s3:::bundles-1234567/bundles/*"
PROGRAMS = "arn:aws:s3:::bundles-1234567/programs/*"
HANDLING = (
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ReceiveMessage",
    "SendMessage",
)
TURNS = "arn:aws:s3:::bundles-1234567/turn/*"


def statements(policy: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def granted(recording: Recording, role: str) -> dict[str, set[str]]:
    """Every action that a role is allowed, and on what."""
    rights: dict[str, set[str]] = {}
    for policy in recording.of("iam/rolePolicy:RolePolicy"):
        if policy.inputs["role"] == role:
            for statement in statements(policy.inputs["policy"]):
                assert statement["Effect"] == "Allow"
                for action in statement["Action"]:
                    rights.setdefault(action, set()).update(statement["Resource"])
    return rights


def logins(stack: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:111122223333:secret:uneventful-{stack}-login-*"


def test_an_instance_may_read_its_bundle_and_secrets_handle_messages_write_its_logs_and_nothing_else(
    environment: Recording, stack: str
) -> None:
    logs = f"arn:aws:logs:{REGION}:111122223333:log-group:/uneventful/{stack}/*"
    queue = {"arn:aws:made:::queue-jobs"}
    assert granted(environment, "instances") == {
        "s3:GetObject": {BUNDLES, TURNS},
        "secretsmanager:GetSecretValue": {
            "arn:aws:made:::cache-token",
            "arn:aws:made:::variables",
            logins(stack),
        },
        **{f"sqs:{action}": queue for action in HANDLING},
        "logs:CreateLogStream": {logs},
        "logs:DescribeLogStreams": {logs},
        "logs:PutLogEvents": {logs},
        "autoscaling:SetInstanceHealth": {
            f"arn:aws:autoscaling:{REGION}:111122223333:autoScalingGroup:*:autoScalingGroupName/*"
        },
    }


def test_an_instance_may_have_none_but_its_own_environments_replaced(
    environment: Recording, stack: str
) -> None:
    policy = environment.one("iam/rolePolicy:RolePolicy", "health").inputs["policy"]
    only = {"StringEquals": {"aws:ResourceTag/uneventful:environment": stack}}
    assert [statement["Condition"] for statement in statements(policy)] == [only]


def test_the_operations_host_may_make_logins_and_run_commands_and_only_it_knows_the_database_master(
    environment: Recording, stack: str
) -> None:
    logs = f"arn:aws:logs:{REGION}:111122223333:log-group:/uneventful/{stack}/operations-*"
    queues = {"arn:aws:made:::queue-jobs", "arn:aws:made:::queue-commands"}
    assert granted(environment, "operations") == {
        "s3:GetObject": {BUNDLES, PROGRAMS},
        "secretsmanager:GetSecretValue": {
            "arn:aws:made:::host-key",
            "arn:aws:made:::master",
            "arn:aws:made:::cache-token",
            "arn:aws:made:::variables",
            logins(stack),
        },
        **{f"sqs:{action}": queues for action in HANDLING},
        "secretsmanager:DescribeSecret": {logins(stack)},
        "secretsmanager:PutSecretValue": {logins(stack)},
        "logs:CreateLogStream": {logs},
        "logs:DescribeLogStreams": {logs},
        "logs:PutLogEvents": {logs},
    }


def test_the_scheduler_may_send_messages_and_nothing_else(environment: Recording) -> None:
    sent = {"arn:aws:made:::queue-jobs", "arn:aws:made:::queue-commands"}
    assert granted(environment, "scheduler") == {"sqs:SendMessage": sent}


def test_every_policy_names_what_it_allows(environment: Recording, stack: str) -> None:
    policies = environment.of("iam/rolePolicy:RolePolicy")
    assert policies
    for policy in policies:
        for statement in statements(policy.inputs["policy"]):
            assert not any("*" in action for action in statement["Action"])
            if "Condition" in statement:
                assert stack in json.dumps(statement["Condition"])
                continue
            for resource in statement["Resource"]:
                name = resource.partition(":::")[2] or resource.split(":", 5)[5]
                assert len(name.removesuffix("*")) > 5, resource
                assert "*" not in name.removesuffix("*"), resource
                assert not resource.endswith("*") or stack in name or resource in (BUNDLES, TURNS, PROGRAMS)
    assert not environment.of("RolePolicyAttachment")
    assert not any("managedPolicyArns" in role.inputs for role in environment.of("iam/role:Role"))


def test_each_role_is_taken_by_the_one_service_that_it_is_for(environment: Recording) -> None:
    trust = {
        role.name: statements(role.inputs["assumeRolePolicy"]) for role in environment.of("iam/role:Role")
    }
    assert {name: [s["Principal"]["Service"] for s in found] for name, found in trust.items()} == {
        "instances": ["ec2.amazonaws.com"],
        "operations": ["ec2.amazonaws.com"],
        "scheduler": ["scheduler.amazonaws.com"],
    }
    # The scheduler works for every account: it may use the role for this environment's schedules alone.
    assert trust["scheduler"][0]["Condition"] == {"ArnEquals": {"aws:SourceArn": "arn:aws:made:::schedules"}}


def test_without_a_queue_of_its_own_an_application_handles_no_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(World("dev", {"uneventful:queues": "{}"}), monkeypatch)
    assert recording.exit_status == 0
    assert {queue.name for queue in recording.of("sqs/queue:Queue")} == {"queue-commands", "dead-commands"}
    assert not any(action.startswith("sqs:") for action in granted(recording, "instances"))
    assert granted(recording, "scheduler") == {"sqs:SendMessage": {"arn:aws:made:::queue-commands"}}


def test_no_right_reaches_into_another_environment(recorded: Recorded) -> None:
    for stack, recording in recorded.items():
        text = json.dumps([policy.inputs["policy"] for policy in recording.of("iam/rolePolicy:RolePolicy")])
        assert not any(f"-{other}-" in text or f"/{other}/" in text for other in recorded if other != stack)
