"""The contract of the bridge: each type that the program uses, in a real bridge process against moto.

All scenarios run side by side, because some wait for a minute inside HashiCorp's provider; each test reports its
own. On several workers they belong to one (`xdist_group`), or each worker would run them all.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial

import pytest

from tests.local.engine.aws import balancer_scenarios, fleet_scenarios, network_scenarios, storage_scenarios
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import BridgeProcess
from tests.local.engine.aws.conftest import Start
from tests.local.engine.aws.scenario import Scenario, live

SCENARIOS = {
    scenario.type: scenario
    for module in (network_scenarios, balancer_scenarios, fleet_scenarios, storage_scenarios)
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
        scenario.type: side_by_side(scenario.type, partial(live, scenario, bridge, aws))
        for scenario in wanted
        if isinstance(scenario, Scenario)
    }


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=[*SCENARIOS])
def test_a_type_lives_its_whole_life(scenario: Scenario, lives: dict[str, Future[None]]) -> None:
    lives[scenario.type].result(timeout=150)
