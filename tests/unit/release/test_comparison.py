"""A comparison names every setting that differs, by the key that a stack file has for it, and no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from infra.configuration import AWS, parse
from infra.settings import Settings
from release.comparison import Difference, clash, compare

CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/"
BASE: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "aws:allowedAccountIds": ["111122223333"],
    "uneventful:balancer.certificate": CERTIFICATE + "1",
    "uneventful:balancer.domain": "www.example.com",
    "uneventful:variables.GREETING": "hello",
}
OTHERWISE: dict[str, Any] = {
    "aws:region": "eu-west-2",
    "aws:allowedAccountIds": ["111122223333", "444455556666"],
    "uneventful:network.cidr": "10.11.0.0/16",
    "uneventful:network.zones": 3,
    "uneventful:network.nat": "one",
    "uneventful:balancer.port": 8443,
    "uneventful:balancer.certificate": CERTIFICATE + "2",
    "uneventful:balancer.domain": "example.com",
    "uneventful:balancer.allow": ["10.0.0.0/8"],
    "uneventful:balancer.idle_timeout": 61,
    "uneventful:balancer.deletion_protection": False,
    "uneventful:bundles.force_destroy": True,
    "uneventful:web.instance": "t3.large",
    "uneventful:web.image": "ami-01234567",
    "uneventful:web.min": 3,
    "uneventful:web.max": 5,
    "uneventful:web.grace": 601,
    "uneventful:web.health.interval": 11,
    "uneventful:web.health.timeout": 4,
    "uneventful:web.health.healthy": 3,
    "uneventful:web.health.unhealthy": 3,
    "uneventful:rollout.steps": [50, 100],
    "uneventful:rollout.observe": 181,
    "uneventful:rollout.proof": 121,
    "uneventful:rollout.metrics": 181,
    "uneventful:rollout.drain": 31,
    "uneventful:rollout.gate.probes": 11,
    "uneventful:rollout.gate.deadline": 301,
    "uneventful:rollout.limits.errors": 0.02,
    "uneventful:rollout.limits.latency": 2.5,
    "uneventful:rollout.limits.alarms": ["web-5xx"],
    "uneventful:window": 2,
    "uneventful:variables.GREETING": "good day",
    "uneventful:release": "2",
}


def settings(values: Mapping[str, Any], stack: str = "dev") -> Settings:
    """From values by the whole path, as a stack file nests them."""
    configuration: dict[str, Any] = {}
    for path, value in values.items():
        *above, last = path.split(".")
        part = configuration
        for name in above:
            part = part.setdefault(name, {})
        part[last] = value
    return parse(stack, configuration)


def fields(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kinds = (field.annotation, *get_args(field.annotation))
        part = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if part:
            yield from fields(part, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_what_is_tried_below_is_every_field_of_the_settings() -> None:
    aws = {f"uneventful:{field}": key for key, field in AWS.items()}
    known = {aws.get(field, field) for field in fields(Settings, "uneventful:")} - {"uneventful:stack"}
    assert {key.replace(".GREETING", "") for key in OTHERWISE} == known


@pytest.mark.parametrize("key", OTHERWISE)
def test_a_changed_field_is_named_by_its_key_with_both_values_and_nothing_else_is(key: str) -> None:
    comparison = compare(settings(BASE), settings(BASE | {key: OTHERWISE[key]}))
    (found,) = comparison.differences
    assert (found.key, found.second) == (key, OTHERWISE[key])
    assert found.first != found.second
    assert found.first == BASE.get(key, found.first)
    assert comparison.identical == len(OTHERWISE) - 1


@given(st.sets(st.sampled_from(sorted(OTHERWISE))), st.sets(st.sampled_from(sorted(OTHERWISE))))
def test_exactly_what_one_has_and_the_other_has_not_is_named(one: set[str], other: set[str]) -> None:
    first, second = (settings(BASE | {key: OTHERWISE[key] for key in keys}) for keys in (one, other))
    comparison = compare(first, second)
    assert {found.key for found in comparison.differences} == one ^ other
    assert comparison.identical == len(OTHERWISE) - len(one ^ other)
    turned = compare(second, first)
    assert turned.differences == tuple(
        Difference(found.key, found.second, found.first) for found in comparison.differences
    )


def test_the_differences_come_in_the_order_in_which_the_settings_are_described() -> None:
    comparison = compare(settings(BASE), settings(BASE | dict(reversed(OTHERWISE.items()))))
    assert [found.key for found in comparison.differences] == list(OTHERWISE)


def test_a_default_that_is_written_out_is_no_difference() -> None:
    written = settings(BASE | {"uneventful:rollout.observe": 180, "uneventful:rollout.limits.latency": 2})
    assert compare(settings(BASE, "dev"), written).differences == ()


def test_a_variable_that_only_one_has_is_not_set_in_the_other() -> None:
    comparison = compare(settings(BASE), settings(BASE | {"uneventful:variables.EMPTY": ""}))
    assert comparison.differences == (Difference("uneventful:variables.EMPTY", None, ""),)


def placed(stack: str, cidr: str, *accounts: str) -> Settings:
    return settings({**BASE, "uneventful:network.cidr": cidr, "aws:allowedAccountIds": accounts}, stack)


def test_one_account_with_overlapping_networks_is_told() -> None:
    line = clash(
        placed("staging", "10.20.0.0/16", "111122223333"),
        placed("production", "10.20.4.0/22", "111122223333"),
    )
    assert line == (
        "staging and production share account 111122223333 "
        "and overlapping networks 10.20.0.0/16 and 10.20.4.0/22"
    )


def test_of_several_accounts_those_that_both_name_are_told() -> None:
    line = clash(
        placed("a", "10.20.0.0/16", "3" * 12, "2" * 12, "1" * 12),
        placed("b", "10.20.0.0/16", "1" * 12, "2" * 12, "4" * 12),
    )
    assert f"accounts {'1' * 12}, {'2' * 12} and" in line


@pytest.mark.parametrize(
    ("cidr", "account"), [("10.21.0.0/16", "111122223333"), ("10.20.0.0/16", "444455556666")]
)
def test_one_account_alone_and_one_range_alone_are_fine(cidr: str, account: str) -> None:
    assert clash(placed("a", "10.20.0.0/16", "111122223333"), placed("b", cidr, account)) == ""
