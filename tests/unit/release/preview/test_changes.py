"""What is read from the engine's preview: what is gone, what it takes with it, and no value of a property."""

from __future__ import annotations

from typing import Any

import pytest

from release.preview.changes import read

_URN = "urn:pulumi:dev::uneventful::"
_FLEET = "uneventful:release:Release$uneventful:release:Fleet$"


def step(operation: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"op": operation, "urn": f"{_URN}{kind}::{name}", **more}


def told(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"steps": [step("same", "pulumi:pulumi:Stack", "uneventful-dev"), *steps], **more}


def test_a_database_that_is_replaced_is_named_with_what_is_lost_and_why() -> None:
    found = read(
        told(
            step("update", "uneventful:infra:Environment$aws:iam/rolePolicy:RolePolicy", "queues"),
            step(
                "replace",
                "uneventful:infra:Environment$uneventful:infra:Database$aws:rds/instance:Instance",
                "database",
                replaceReasons=["dbName"],
            ),
            changeSummary={"replace": 1, "same": 90, "update": 1},
        )
    ).changes
    first = found.resources[0]
    assert (first.operation, first.kind, first.name) == ("replace", "aws:rds/instance:Instance", "database")
    assert first.because == ("dbName",)
    assert "data" in first.loses
    assert found.counts == {"replace": 1, "same": 90, "update": 1}
    assert not found.resources[1].loses


@pytest.mark.parametrize(
    ("operation", "kind", "chain", "lost"),
    [
        ("delete", "aws:sqs/queue:Queue", "uneventful:infra:Environment$uneventful:infra:Queues$", True),
        ("update", "aws:sqs/queue:Queue", "uneventful:infra:Environment$uneventful:infra:Queues$", False),
        ("delete", "aws:secretsmanager/secret:Secret", "uneventful:infra:Environment$", True),
        # A release that leaves takes its own login and its own fleet with it.
        (
            "delete",
            "aws:secretsmanager/secret:Secret",
            "uneventful:release:Release$uneventful:release:Migration$",
            False,
        ),
        ("delete", "aws:lb/targetGroup:TargetGroup", _FLEET, False),
        # One that stays serves nobody while a part of it is another one.
        ("replace", "aws:lb/targetGroup:TargetGroup", _FLEET, True),
        ("replace", "aws:autoscaling/group:Group", f"{_FLEET}uneventful:release:Workers$", True),
        (
            "delete",
            "aws:cloudwatch/logGroup:LogGroup",
            "uneventful:release:Release$uneventful:release:LogGroups$",
            True,
        ),
        ("replace", "aws:lb/loadBalancer:LoadBalancer", "uneventful:infra:Environment$", True),
        ("delete", "aws:ec2/route:Route", "uneventful:infra:Environment$", False),
    ],
)
def test_what_is_lost_with_a_resource(operation: str, kind: str, chain: str, lost: bool) -> None:
    (found,) = read(told(step(operation, f"{chain}{kind}", "it"))).changes.resources
    assert bool(found.loses) is lost


def test_the_plan_the_errors_and_the_warnings_are_told_apart() -> None:
    found = read(
        told(
            diagnostics=[
                {"severity": "info", "message": "something else\n"},
                {"severity": "info", "message": "plan: release\n  1. it moves\n"},
                {"severity": "warning", "message": "warning: careful\n"},
                {"severity": "warning", "message": "warning: careful\n"},
                {"severity": "error", "message": "error: frozen\n  next: wait\n"},
            ]
        )
    )
    assert found.plan == "plan: release\n  1. it moves"
    assert found.warnings == ("careful",)
    assert found.errors == ("frozen\n  next: wait",)


def test_no_value_of_a_property_is_taken_along() -> None:
    state = {"outputs": {"password": "hunter2"}, "inputs": {"password": "hunter2"}}
    found = read(
        told(
            step("update", "aws:rds/instance:Instance", "it", oldState=state, newState=state),
            config={"a": "hunter2"},
        )
    )
    assert "hunter2" not in str(found)


def test_an_engine_that_says_nothing_is_read_as_nothing() -> None:
    found = read({})
    assert (found.plan, found.errors, found.changes.counts, found.changes.resources) == ("", (), {}, ())
