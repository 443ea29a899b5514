"""What production is refused for, unless its file takes the risk by name and with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from infra import risks
from infra.configuration import parse
from infra.errors import SettingsError
from infra.operated import RiskName
from infra.settings import Settings

ROOT = Path(__file__).parents[3]
TAKEN: dict[str, dict[str, Any]] = {
    "single-az-database": {"database": {"multi_az": False}},
    "deletion-protection-off": {
        "database": {"deletion_protection": False},
        "balancer": {"deletion_protection": False},
    },
    "few-web-instances": {"web": {"min": 1, "max": 1}},
    "open-ssh": {"operations": {"allow": ["0.0.0.0/0"]}},
    "no-alarm-recipient": {"alarms": {"recipients": []}},
}


def settings(changes: dict[str, Any], *accepted: str, stack: str = "production") -> Settings:
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    for part, change in changes.items():
        config[f"uneventful:{part}"] = config.get(f"uneventful:{part}", {}) | change
    risks_taken = [{name: f"because of {name}"} for name in accepted]
    return parse(stack, config | {"uneventful:accept_risk": risks_taken})


def test_the_committed_production_takes_no_risk() -> None:
    assert risks.find(settings({})) == ()


def test_every_risk_is_tried_below() -> None:
    assert set(TAKEN) == set(get_args(RiskName))


@pytest.mark.parametrize("name", TAKEN)
def test_a_risk_is_refused_and_with_a_reason_taken_and_repeated(name: str) -> None:
    with pytest.raises(SettingsError, match=f"a risk in production[^$]*{name}"):
        settings(TAKEN[name])
    accepted = settings(TAKEN[name], name)
    lines = risks.repeated(accepted)
    assert lines
    for line in lines:
        assert line.startswith(f"accepted risk {name}: uneventful:")
        assert line.endswith(f"; because of {name}")


@pytest.mark.parametrize("name", TAKEN)
def test_what_production_is_refused_for_is_any_other_stacks_own_choice(name: str) -> None:
    for stack in ("dev", "staging"):
        chosen = settings(TAKEN[name], stack=stack)
        assert risks.repeated(chosen) == ()
        assert not chosen.protected


def test_all_risks_at_once_are_all_refused_and_one_accepted_leaves_the_others() -> None:
    everything = {part: change for one in TAKEN.values() for part, change in one.items()}
    everything["database"] = {"multi_az": False, "deletion_protection": False}
    with pytest.raises(SettingsError) as refused:
        settings(everything)
    assert len(refused.value.refusals) == 6
    with pytest.raises(SettingsError) as refused:
        settings(everything, "open-ssh")
    assert len(refused.value.refusals) == 5
    assert len(risks.repeated(settings(everything, *TAKEN))) == 6


def test_a_risk_that_is_no_longer_there_must_go_from_the_file() -> None:
    with pytest.raises(SettingsError, match="accepted, but nothing takes it"):
        settings({}, "open-ssh")


@pytest.mark.parametrize("block", ["10.0.0.0/8", "203.0.113.7/32"])
def test_a_range_of_ones_own_is_not_the_world(block: str) -> None:
    assert risks.find(settings({"operations": {"allow": [block]}})) == ()


def test_production_is_protected_until_the_risk_of_losing_it_is_taken() -> None:
    assert settings({}).protected
    assert not settings(TAKEN["deletion-protection-off"], "deletion-protection-off").protected
