"""The flat program has the same resources as the state that it comes from, and nothing of the program around them."""

from __future__ import annotations

from typing import Any

import pytest

from bench.flat import flatten

STACK = "urn:pulumi:production::uneventful::"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"x"'}
AWS = f"{STACK}pulumi:providers:aws::aws"
USUAL = f"{STACK}pulumi:providers:pulumi::default_1_2"


def resource(type_: str, name: str, parent: str = "", **more: Any) -> dict[str, Any]:
    urn = f"{STACK}{f'{parent}$' if parent else ''}{type_}::{name}"
    return {"urn": urn, "type": type_, "custom": True, "id": f"id-{name}", "inputs": {}, **more}


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    stack = {
        "urn": f"{STACK}pulumi:pulumi:Stack::uneventful-production",
        "type": "pulumi:pulumi:Stack",
        "custom": False,
    }
    component = {
        "urn": f"{STACK}uneventful:infra:Network::network",
        "type": "uneventful:infra:Network",
        "custom": False,
    }
    providers = [
        resource(
            "pulumi:providers:aws", "aws", inputs={"region": "eu-west-1", "version": "7.51.0"}, protect=True
        ),
        resource("pulumi:providers:pulumi", "default_1_2", inputs={"version": "1.2"}),
    ]
    deployment = {"manifest": {"magic": "m"}, "resources": [stack, component, *providers, *resources]}
    return {"version": 3, "deployment": deployment}


def test_components_and_what_is_only_read_are_left_out_and_the_rest_moves_to_the_root() -> None:
    vpc = resource(
        "aws:ec2/vpc:Vpc", "vpc", "uneventful:infra:Network", provider=f"{AWS}::id-aws", protect=True,
        dependencies=[f"{STACK}uneventful:infra:Network::network"], sequenceNumber=1,
    )  # fmt: skip
    flat = flatten(state(vpc, resource("aws:s3/bucket:Bucket", "read", external=True)))
    assert flat.resources == 1
    assert flat.state["deployment"]["manifest"] == {"magic": "m"}
    assert [one["urn"] for one in flat.state["deployment"]["resources"]] == [
        "urn:pulumi:production::flat::pulumi:pulumi:Stack::flat-production",
        "urn:pulumi:production::flat::pulumi:providers:aws::aws",
        "urn:pulumi:production::flat::pulumi:providers:pulumi::default_1_2",
        "urn:pulumi:production::flat::aws:ec2/vpc:Vpc::vpc",
    ]
    moved = flat.state["deployment"]["resources"][-1]
    assert moved["provider"] == "urn:pulumi:production::flat::pulumi:providers:aws::aws::id-aws"
    assert moved["parent"] == "urn:pulumi:production::flat::pulumi:pulumi:Stack::flat-production"
    assert moved["protect"]
    assert "dependencies" not in moved


def test_the_inputs_are_the_states_without_a_providers_own_notes_and_with_its_secrets() -> None:
    inputs = {
        "__defaults": ["name"],
        "name": "a",
        "tags": {"__defaults": [], "k": "v"},
        "rules": [{"__x": 1, "p": SECRET}],
    }
    flat = flatten(state(resource("aws:ec2/vpc:Vpc", "vpc", inputs=inputs, provider=f"{AWS}::id-aws")))
    (declared,) = flat.declared["resources"]
    assert declared["inputs"] == {"name": "a", "tags": {"k": "v"}, "rules": [{"p": SECRET}]}
    assert flat.state["deployment"]["resources"][-1]["inputs"] == inputs


def test_each_is_served_by_the_provider_that_it_had() -> None:
    flat = flatten(
        state(
            resource("aws:ec2/vpc:Vpc", "vpc", provider=f"{AWS}::id-aws"),
            resource("pulumi:index:Stash", "stash", provider=f"{USUAL}::id-default_1_2"),
        )
    )
    assert flat.declared["providers"] == [
        {
            "package": "aws",
            "name": "aws",
            "inputs": {"region": "eu-west-1"},
            "version": "7.51.0",
            "protect": True,
        }
    ]
    served = [(one["provider"], one["version"]) for one in flat.declared["resources"]]
    assert served == [("aws", None), (None, "1.2")]


def test_two_resources_that_only_components_tell_apart_are_refused() -> None:
    one, other = (
        resource("aws:sqs/queue:Queue", "jobs", parent, provider=f"{AWS}::x") for parent in ("a", "b")
    )
    with pytest.raises(ValueError, match="same type and name"):
        flatten(state(one, other))
