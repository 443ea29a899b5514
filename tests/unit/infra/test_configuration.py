"""What a stack file may say, and what a person reads when it says something else."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.configuration import parse
from infra.errors import SettingsError

ROOT = Path(__file__).parents[3]
STACKS = ("dev", "staging", "production")
ENOUGH = {"aws:region": "eu-west-1", "aws:allowedAccountIds": '["111122223333"]'}


def as_the_engine_tells(values: dict[str, Any]) -> dict[str, str]:
    """Top-level scalars become text and everything else JSON, as in PULUMI_CONFIG."""
    return {
        key: value if isinstance(value, str) else json.dumps(value).strip('"')
        for key, value in values.items()
    }


def stack_file(stack: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return config


def refusal(**changes: object) -> str:
    values = {f"uneventful:{key}" if ":" not in key else key: value for key, value in changes.items()}
    with pytest.raises(SettingsError) as refused:
        parse("dev", ENOUGH | as_the_engine_tells(values))
    return str(refused.value)


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_file_is_accepted(stack: str) -> None:
    assert parse(stack, as_the_engine_tells(stack_file(stack))).stack == stack


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_read_directly_gives_the_same_as_through_the_engine(stack: str) -> None:
    config = stack_file(stack)
    assert parse(stack, config) == parse(stack, as_the_engine_tells(config))


def test_the_region_and_the_account_are_all_that_must_be_written() -> None:
    settings = parse("dev", ENOUGH)
    assert settings.region == "eu-west-1"
    assert settings.account_ids == ("111122223333",)
    assert settings.release is None
    assert settings.rollout.steps == (1, 5, 25, 50, 100)
    assert settings.rollout.observe >= 120


def test_environments_do_not_share_a_network_range() -> None:
    ranges = [parse(stack, stack_file(stack)).network.cidr for stack in STACKS]
    assert not any(a.overlaps(b) for n, a in enumerate(ranges) for b in ranges[n + 1 :])


def test_staging_and_production_take_production_steps_long_enough_for_metrics_by_the_minute() -> None:
    for stack in ("staging", "production"):
        rollout = parse(stack, stack_file(stack)).rollout
        assert rollout.steps == (1, 5, 25, 50, 100)
        assert rollout.observe >= 120


@pytest.mark.parametrize(
    ("told", "wanted"),
    [("1", "1"), (1, "1"), ("2.0-rc+1", "2.0-rc+1"), ("id:0123abcd", "id:0123abcd"), ("true", "true")],
)
def test_a_version_is_text_however_it_was_written(told: object, wanted: str) -> None:
    assert parse("dev", ENOUGH | {"uneventful:release": told}).release == wanted


def test_keys_of_other_tools_are_left_alone() -> None:
    assert parse("dev", ENOUGH | {"pulumi:tags": "{}", "datadog:site": "eu"}) == parse("dev", ENOUGH)


def test_a_network_range_is_a_range() -> None:
    assert parse("dev", ENOUGH | {"uneventful:network": '{"cidr": "172.20.0.0/18"}'}).network.cidr == (
        IPv4Network("172.20.0.0/18")
    )


def test_settings_never_change() -> None:
    settings = parse("dev", ENOUGH)
    with pytest.raises(ValueError, match="frozen"):
        settings.window = 2


@pytest.mark.parametrize("missing", ["aws:region", "aws:allowedAccountIds"])
def test_what_must_be_written_is_asked_for(missing: str) -> None:
    with pytest.raises(SettingsError, match="seen:    nothing") as refused:
        parse("dev", {key: value for key, value in ENOUGH.items() if key != missing})
    assert missing in str(refused.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = refusal(network={"nat": "two", "zones": 9}, wbe={}, window=7)
    assert said.startswith("Pulumi.dev.yaml has 4 settings that cannot be used")
    for key in ("uneventful:network.nat", "uneventful:network.zones", "uneventful:wbe", "uneventful:window"):
        assert f"\n  {key}\n" in said


def test_an_encrypted_setting_is_refused_because_everybody_would_read_it_anyway() -> None:
    with pytest.raises(SettingsError, match="plain text") as refused:
        parse("dev", ENOUGH | {"uneventful:variables": '{"A": "hush"}'}, {"uneventful:variables"})
    assert "hush" not in str(refused.value)


def test_a_long_value_is_shown_in_short() -> None:
    said = refusal(release="x" * 5000 + " ")
    assert max(len(line) for line in said.splitlines()) < 200


def test_a_certificate_moves_the_listener_to_https_and_leaves_port_80_to_the_redirect() -> None:
    arn = "arn:aws:acm:eu-west-1:111122223333:certificate/0123abcd-01ab-4567-89ab-0123456789ab"
    tls = {"certificate": arn, "domain": "www.example.com"}
    assert parse("dev", ENOUGH | {"uneventful:balancer": json.dumps(tls)}).balancer.listener_port == 443
    assert parse("dev", ENOUGH).balancer.listener_port == 80
    assert "only redirects" in refusal(balancer=tls | {"port": 80})
