"""The contract of the bridge: each type that the program uses, in a real bridge process against moto.

All scenarios run side by side, because some wait for a minute inside HashiCorp's provider; each test reports its
own. On several workers they belong to one (`xdist_group`), or each worker would run them all.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial

import pytest

from tests.local.engine.aws import (
    alarm_scenarios,
    balancer_scenarios,
    database_scenarios,
    fleet_scenarios,
    host_scenarios,
    network_scenarios,
    schedule_scenarios,
    secret_scenarios,
    storage_scenarios,
    topic_scenarios,
    waiting_scenarios,
)
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import BridgeProcess
from tests.local.engine.aws.conftest import Start
from tests.local.engine.aws.scenario import Scenario, live, read_back

SCENARIOS = {
    scenario.key: scenario
    for module in (
        alarm_scenarios,
        balancer_scenarios,
        database_scenarios,
        fleet_scenarios,
        host_scenarios,
        network_scenarios,
        schedule_scenarios,
        secret_scenarios,
        storage_scenarios,
        topic_scenarios,
    )
    for scenario in module.SCENARIOS
}
PARENTS = [
    "subnets",
    "gateway",
    "group",
    "image",
    "balancer",
    "targets",
    "other_targets",
    "listener",
    "template",
    "scaling_group",
]

pytestmark = pytest.mark.xdist_group("aws-bridge")


@pytest.fixture(scope="session")
def lives(
    request: pytest.FixtureRequest, bridge: BridgeProcess, aws: AwsSide, side_by_side: Start
) -> dict[str, Future[None]]:
    """Every scenario that this session will ask for, started at once."""
    for parent in PARENTS:
        getattr(aws, parent)
    wanted = [
        item.callspec.params.get("scenario") for item in request.session.items if hasattr(item, "callspec")
    ]
    return {
        scenario.key: side_by_side(scenario.key, partial(live, scenario, bridge, aws))
        for scenario in wanted
        if isinstance(scenario, Scenario)
    }


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=[*SCENARIOS])
def test_a_type_lives_its_whole_life(scenario: Scenario, lives: dict[str, Future[None]]) -> None:
    lives[scenario.key].result(timeout=150)


@pytest.mark.parametrize("waiting", waiting_scenarios.SCENARIOS, ids=lambda waiting: waiting.key)
def test_what_takes_minutes_to_make_is_planned_and_read_back(
    waiting: Scenario, bridge: BridgeProcess, aws: AwsSide
) -> None:
    inputs = waiting.inputs(aws)
    identity = waiting_scenarios.by_hand(waiting.type, aws, inputs)
    name = waiting_scenarios.NAMES.get(waiting.name)
    named = inputs | ({name: waiting_scenarios.BY_HAND} if name else {})
    read_back(waiting, bridge, aws, identity, named)
