"""A comparison names every setting that differs, by the key that a stack file has for it, and no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from infra.configuration import AWS, OWN
from infra.settings import Settings
from release.comparison import Difference, compare

CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/"
BASE: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "aws:allowedAccountIds": ["111122223333"],
    "uneventful:balancer.certificate": CERTIFICATE + "1",
    "uneventful:balancer.domain": "www.example.com",
    "uneventful:queues.jobs.visibility": 60,
    "uneventful:workers.worker.min": 1,
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
    "uneventful:balancer.access_logs": True,
    "uneventful:balancer.deletion_protection": False,
    "uneventful:bundles.force_destroy": True,
    "uneventful:database.instance": "db.m7g.large",
    "uneventful:database.version": "17",
    "uneventful:database.storage": 21,
    "uneventful:database.max_storage": 101,
    "uneventful:database.multi_az": False,
    "uneventful:database.backup_days": 8,
    "uneventful:database.deletion_protection": False,
    "uneventful:database.final_snapshot": False,
    "uneventful:database.name": "shop",
    "uneventful:queues.jobs.visibility": 61,
    "uneventful:queues.jobs.retention": 345601,
    "uneventful:queues.jobs.attempts": 6,
    "uneventful:queues.jobs.oldest": 301,
    "uneventful:cache.instance": "cache.m7g.large",
    "uneventful:cache.version": "7.2",
    "uneventful:cache.replicas": 2,
    "uneventful:web.instance": "t3.large",
    "uneventful:web.image": "ami-01234567",
    "uneventful:web.min": 3,
    "uneventful:web.max": 5,
    "uneventful:web.requests": 1001,
    "uneventful:web.grace": 601,
    "uneventful:web.health.interval": 11,
    "uneventful:web.health.timeout": 4,
    "uneventful:web.health.healthy": 3,
    "uneventful:web.health.unhealthy": 3,
    "uneventful:workers.worker.instance": "t3.large",
    "uneventful:workers.worker.min": 2,
    "uneventful:workers.worker.max": 5,
    "uneventful:workers.worker.queue": "jobs",
    "uneventful:workers.worker.backlog": 101,
    "uneventful:rollout.steps": [50, 100],
    "uneventful:rollout.observe": 181,
    "uneventful:rollout.proof": 121,
    "uneventful:rollout.metrics": 181,
    "uneventful:rollout.drain": 31,
    "uneventful:rollout.workers": "before",
    "uneventful:rollout.handover": 121,
    "uneventful:rollout.bake": 601,
    "uneventful:rollout.gate.probes": 11,
    "uneventful:rollout.gate.deadline": 301,
    "uneventful:rollout.limits.errors": 0.02,
    "uneventful:rollout.limits.latency": 2.5,
    "uneventful:rollout.limits.alarms": ["web-5xx"],
    "uneventful:operations.instance": "t3.small",
    "uneventful:operations.allow": ["192.0.2.0/24"],
    "uneventful:operations.port": 2222,
    "uneventful:operations.user": "admin",
    "uneventful:operations.address": "private",
    "uneventful:alarms.recipients": ["team@example.com"],
    "uneventful:alarms.latency": 6.0,
    "uneventful:alarms.errors": 11,
    "uneventful:alarms.cpu": 81,
    "uneventful:alarms.connections": 81,
    "uneventful:alarms.free_storage": 3,
    "uneventful:alarms.dead_letters": 2,
    "uneventful:logs.retention": 60,
    "uneventful:window": 2,
    "uneventful:warm": 7200,
    "uneventful:freeze": [{"days": ["fri"], "from": "16:00", "to": "24:00", "timezone": "UTC", "reason": ""}],
    "uneventful:variables.GREETING": "good day",
    "uneventful:secrets": "0123abcd-01ab-4567-89ab-0123456789ab",
    "uneventful:accept_risk": [{"few-web-instances": "it is small"}],
    "uneventful:release": "2",
    "uneventful:contract": "0123abcd",
    "uneventful:override": "the shop is down",
    "uneventful:accept_api": "nobody asks for it",
    "uneventful:evidence": "live in staging",
}


def settings(values: Mapping[str, Any], stack: str = "dev") -> Settings:
    """From values by the whole path, as a stack file nests them. Nobody asks if they agree."""
    fields: dict[str, Any] = {"stack": stack}
    for path, value in values.items():
        *above, last = AWS.get(path, path).removeprefix(OWN).split(".")
        part = fields
        for name in above:
            part = part.setdefault(name, {})
        part[last] = value
    return Settings.model_validate_json(json.dumps(fields))


def fields(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kinds = (field.annotation, *get_args(field.annotation))
        part = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if part and get_origin(field.annotation) is not tuple:
            yield from fields(part, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_what_is_tried_below_is_every_field_of_the_settings() -> None:
    aws = {f"uneventful:{field}": key for key, field in AWS.items()}
    known = {aws.get(field, field) for field in fields(Settings, "uneventful:")} - {"uneventful:stack"}
    assert {re.sub(r"\.(GREETING|jobs|worker)\b", "", key) for key in OTHERWISE} == known


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


def test_a_queue_that_only_one_has_is_not_set_in_the_other() -> None:
    (found,) = compare(settings(BASE), settings(BASE | {"uneventful:queues.mail.visibility": 9})).differences
    assert (found.key, found.first) == ("uneventful:queues.mail", None)
    assert found.second["visibility"] == 9
