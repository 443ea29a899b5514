"""The whole lives of what HashiCorp's provider waits minutes for, on request: about six minutes, side by side.

.venv/bin/python -m pytest -q tests/local/engine/aws/whole_lives.py
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial

import pytest

from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import BridgeProcess
from tests.local.engine.aws.conftest import Start
from tests.local.engine.aws.scenario import Scenario, live
from tests.local.engine.aws.waiting_scenarios import SCENARIOS


@pytest.fixture(scope="session")
def lives(bridge: BridgeProcess, aws: AwsSide, side_by_side: Start) -> dict[str, Future[None]]:
    for parent in ("subnets", "group"):
        getattr(aws, parent)
    return {one.key: side_by_side(one.key, partial(live, one, bridge, aws)) for one in SCENARIOS}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.key)
def test_a_type_lives_its_whole_life(scenario: Scenario, lives: dict[str, Future[None]]) -> None:
    lives[scenario.key].result(timeout=900)
