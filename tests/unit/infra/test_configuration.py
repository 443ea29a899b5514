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


BAD: dict[str, tuple[dict[str, object], str, str]] = {
    # what is written: the key that the message names, the value that it shows
    "a misspelt part": ({"netwrok": {}}, "uneventful:netwrok", "uneventful:network"),
    "a misspelt key": ({"network": {"zonse": 2}}, "uneventful:network.zonse", "zones"),
    "an unknown NAT": ({"network": {"nat": "two"}}, "uneventful:network.nat", '"two"'),
    "one zone": ({"network": {"zones": 1}}, "uneventful:network.zones", "seen:    1"),
    "four zones": ({"network": {"zones": 4}}, "uneventful:network.zones", "seen:    4"),
    "zones in words": ({"network": {"zones": "two"}}, "uneventful:network.zones", '"two"'),
    "a public range": ({"network": {"cidr": "8.8.0.0/16"}}, "uneventful:network.cidr", "8.8.0.0/16"),
    "a range too large": ({"network": {"cidr": "10.0.0.0/8"}}, "uneventful:network.cidr", "10.0.0.0/8"),
    "a range too small": ({"network": {"cidr": "10.0.0.0/24"}}, "uneventful:network.cidr", "10.0.0.0/24"),
    "a range with host bits": ({"network": {"cidr": "10.0.0.1/16"}}, "uneventful:network.cidr", "10.0.0.1"),
    "no range at all": ({"network": {"cidr": "large"}}, "uneventful:network.cidr", '"large"'),
    "text for a part": ({"network": "none"}, "uneventful:network", '"none"'),
    "a list for a part": ({"web": [1]}, "uneventful:web", "[1]"),
    "port 0": ({"balancer": {"port": 0}}, "uneventful:balancer.port", "seen:    0"),
    "port 70000": ({"balancer": {"port": 70000}}, "uneventful:balancer.port", "70000"),
    "no certificate's ARN": (
        {"balancer": {"certificate": "mine"}},
        "uneventful:balancer.certificate",
        "mine",
    ),
    "a domain alone": ({"balancer": {"domain": "a.example.com"}}, "uneventful:balancer", "go together"),
    "a URL for a domain": ({"balancer": {"domain": "http://x"}}, "uneventful:balancer.domain", "http://x"),
    "nobody allowed": ({"balancer": {"allow": []}}, "uneventful:balancer.allow", "[]"),
    "an allowed host name": ({"balancer": {"allow": ["me"]}}, "uneventful:balancer.allow[0]", '"me"'),
    "protection in words": (
        {"balancer": {"deletion_protection": "maybe"}},
        "uneventful:balancer.deletion_protection",
        '"maybe"',
    ),
    "a number for a switch": ({"bundles": {"force_destroy": 1}}, "uneventful:bundles.force_destroy", "1"),
    "no instances": ({"web": {"min": 0}}, "uneventful:web.min", "seen:    0"),
    "half an instance": ({"web": {"min": 1.5}}, "uneventful:web.min", "1.5"),
    "a switch for a number": ({"web": {"min": True}}, "uneventful:web.min", "true"),
    "more at least than at most": ({"web": {"min": 4, "max": 2}}, "uneventful:web", "at least 4"),
    "no instance type": ({"web": {"instance": "small"}}, "uneventful:web.instance", '"small"'),
    "no image": ({"web": {"image": "debian"}}, "uneventful:web.image", '"debian"'),
    "a check slower than its interval": (
        {"web": {"health": {"interval": 5, "timeout": 5}}},
        "uneventful:web.health",
        "not below",
    ),
    "checks faster than AWS's": (
        {"web": {"health": {"interval": 1}}},
        "uneventful:web.health.interval",
        "seen:    1",
    ),
    "no steps": ({"rollout": {"steps": []}}, "uneventful:rollout.steps", "[]"),
    "steps that end early": ({"rollout": {"steps": [1, 50]}}, "uneventful:rollout.steps", "[1, 50]"),
    "steps that fall": ({"rollout": {"steps": [50, 5, 100]}}, "uneventful:rollout.steps", "[50, 5, 100]"),
    "a step twice": ({"rollout": {"steps": [5, 5, 100]}}, "uneventful:rollout.steps", "[5, 5, 100]"),
    "a step above 100": ({"rollout": {"steps": [1, 101]}}, "uneventful:rollout.steps[1]", "101"),
    "a step in words": ({"rollout": {"steps": ["all"]}}, "uneventful:rollout.steps[0]", '"all"'),
    "no time to watch": ({"rollout": {"observe": 0}}, "uneventful:rollout.observe", "seen:    0"),
    "a duration with a unit": ({"rollout": {"observe": "5m"}}, "uneventful:rollout.observe", '"5m"'),
    "no probes": ({"rollout": {"gate": {"probes": 0}}}, "uneventful:rollout.gate.probes", "seen:    0"),
    "an unknown gate": ({"rollout": {"gate": {"probe": 3}}}, "uneventful:rollout.gate.probe", "probes"),
    "percents for a fraction": (
        {"rollout": {"limits": {"errors": 5}}},
        "uneventful:rollout.limits.errors",
        "seen:    5",
    ),
    "an empty alarm": (
        {"rollout": {"limits": {"alarms": [""]}}},
        "uneventful:rollout.limits.alarms[0]",
        '""',
    ),
    "a window in words": ({"window": "long"}, "uneventful:window", '"long"'),
    "a window too long": ({"window": 9}, "uneventful:window", "9"),
    "a variable that is a number": ({"variables": {"A": 1}}, "uneventful:variables.A", "seen:    1"),
    "a variable's bad name": ({"variables": {"A-B": "1"}}, "uneventful:variables.A-B", "A-B"),
    "a variable that instances set": ({"variables": {"PORT": "1"}}, "uneventful:variables", "PORT is set"),
    "a bell in a variable": ({"variables": {"A": "\a"}}, "uneventful:variables", "control character"),
    "a version with blanks": ({"release": "1 or 2"}, "uneventful:release", "1 or 2"),
    "a long id": ({"release": "id:0123456789"}, "uneventful:release", "id:0123456789"),
    "no region": ({"aws:region": "Ireland"}, "aws:region", '"Ireland"'),
    "no account": ({"aws:allowedAccountIds": []}, "aws:allowedAccountIds", "[]"),
    "an account as a number": ({"aws:allowedAccountIds": [1]}, "aws:allowedAccountIds[0]", "seen:    1"),
    "a profile": ({"aws:profile": "me"}, "aws:profile", "AWS_PROFILE"),
    "keys": ({"aws:accessKey": "AKIA"}, "aws:accessKey", "AWS's own variables"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_used_is_refused_with_key_value_and_what_is_allowed(what: str) -> None:
    changes, key, shown = BAD[what]
    said = refusal(**changes)
    lines = said.splitlines()
    assert lines[0] == "Pulumi.dev.yaml has a setting that cannot be used; nothing was touched"
    assert lines[1] == f"  {key}"
    assert shown in said
    assert [line.split()[0] for line in lines[2:5]] == ["seen:", "allowed:", "example:"]
    assert lines[3].removeprefix("    allowed:").strip()
    assert "Error" not in said
    assert "pydantic" not in said


@pytest.mark.parametrize("what", BAD)
def test_the_example_line_of_a_refusal_would_be_accepted(what: str) -> None:
    changes, _, _ = BAD[what]
    example = refusal(**changes).splitlines()[4].removeprefix("    example: ")
    if example.startswith(("aws:", "uneventful:")) and "…" not in example and "certificate" not in example:
        key, _, value = example.partition(": ")
        if "domain" not in value:
            parse("dev", ENOUGH | as_the_engine_tells({key: yaml.safe_load(value)}))


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
