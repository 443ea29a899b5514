"""Three environments of one shape, of which none holds anything of another."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml

from infra.configuration import parse
from release.model import Process
from tests.program.recording import (
    ROOT,
    STACKS,
    Recorded,
    Recording,
    World,
    live_after,
    manifest,
    release,
    run,
)

V1, V2 = release("1"), release("2")
V3 = manifest("3", processes=tuple(Process(name=name, command=name) for name in ("web", "worker", "mailer")))
FRESH = re.compile(r"/dev/(null|stdin|stdout|stderr|fd|tcp)\b")
"""Of every Linux, and none of the environment that is called so."""

RANGE = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}(?![\d.])")


@pytest.fixture(scope="module")
def updated() -> Recorded:
    """Each environment in the update from version 2 to version 3, what AWS makes up marked with its name."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        return {
            stack: run(
                World(
                    stack,
                    {"uneventful:release": "3"},
                    published=(V1.manifest, V2.manifest, V3),
                    ledger=live_after(V1, V2),
                    account=settings_of(stack).account_ids[0],
                    marked=True,
                ),
                monkeypatch,
            )
            for stack in STACKS
        }


def shape(recording: Recording) -> dict[tuple[str, str], tuple[object, ...]]:
    """Of each resource all but the values of its settings: whose part it is, what it waits for, who makes it."""
    assert recording.exit_status == 0, recording.errors
    assert len({resource.key for resource in recording.resources}) == len(recording.resources)
    return {
        resource.key: (resource.parent.removesuffix(own), resource.after, resource.provider, resource.ignored)
        for own in [stack_of(recording)]
        for resource in recording.resources
    }


def stack_of(recording: Recording) -> str:
    tags = json.loads(recording.one("pulumi:providers:aws").inputs["defaultTags"])["tags"]
    return str(tags["uneventful:environment"])


def text(recording: Recording) -> str:
    """All inputs of all resources, user data as the instance reads it."""
    parts = [part for resource in recording.resources for part in strings(resource.inputs)]
    templates = [r.inputs["userData"] for r in recording.of("ec2/launchTemplate:LaunchTemplate")]
    return FRESH.sub(
        "", "\n".join([*parts, *(gzip.decompress(base64.b64decode(data)).decode() for data in templates)])
    )


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    else:
        yield str(value)


@pytest.mark.parametrize("other", ["dev", "staging"])
def test_an_environment_without_a_release_has_the_shape_of_production(recorded: Recorded, other: str) -> None:
    assert shape(recorded[other]) == shape(recorded["production"])


@pytest.mark.parametrize("other", ["dev", "staging"])
def test_an_update_to_another_release_has_the_shape_that_it_has_in_production(
    updated: Recorded, other: str
) -> None:
    assert shape(updated[other]) == shape(updated["production"])
    assert {kind for kind, _ in shape(updated[other])} > {
        "uneventful:release:Fleet",
        "aws:rds/instance:Instance",
    }


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(STACKS, 2)))
def test_no_name_and_nothing_that_aws_made_for_one_environment_is_in_another(
    updated: Recorded, one: str, other: str
) -> None:
    own = text(updated[one])
    assert len(re.findall(rf"\.{one}\b", own)) > 100
    assert f"uneventful/{one}/" in own
    near = [
        own[m.start() - 40 : m.end() + 40] for m in re.finditer(rf"(?<![A-Za-z]){other}(?![A-Za-z])", own)
    ]
    assert near == []


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(STACKS, 2)))
def test_no_account_and_no_address_of_one_environment_is_in_another(
    updated: Recorded, one: str, other: str
) -> None:
    config = {stack: settings_of(stack) for stack in (one, other)}
    own = text(updated[one])
    assert set(config[one].account_ids) <= set(re.findall(r"\d{12}", own))
    assert not set(config[other].account_ids) & set(re.findall(r"\d{12}", own))
    let_in = {IPv4Network("0.0.0.0/0"), *config[one].balancer.allow, *config[one].operations.allow}
    ranges = {IPv4Network(found) for found in RANGE.findall(own)} - let_in
    assert config[one].network.cidr in ranges
    assert not [found for found in ranges if found.overlaps(config[other].network.cidr)]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(STACKS, 2)))
def test_no_secret_of_one_environment_is_in_another(updated: Recorded, one: str, other: str) -> None:
    assert len(secrets(updated[one])) >= 3
    assert not [secret for secret in secrets(updated[one]) if secret in text(updated[other])]


def secrets(recording: Recording) -> set[str]:
    """What the program makes up itself and has the engine keep."""
    return {stash.inputs["input"] for stash in recording.of("pulumi:index:Stash") if "input" in stash.secret}


def settings_of(stack: str) -> Any:
    return parse(stack, yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"])
