"""Load makes the web instances more, and a backlog the workers, by the policies that AWS would have: minutes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from demo.load import Load
from infra.tags import PROCESS, RELEASE
from tests.e2e.books import Books
from tests.e2e.stage import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

RATE = 200
"""Requests a second: 12,000 a minute, where dev's settings want 1,000 for each instance."""
JOBS = 6_000
WITHIN = 420.0
"""Seconds: metrics by the minute, some minutes of them, and a boot."""


def test_load_and_a_backlog_make_the_groups_grow_to_their_most_and_nothing_is_lost(stage: Stage) -> None:
    live = stage.live().id
    least = serving(stage, live)
    with Load(stage.status().url, RATE, stage.variables) as load:
        Books(stage).fill(JOBS)
        most = stage.until(lambda: serving(stage, live), lambda seen: seen == {"web": 4, "worker": 2}, WITHIN)
    print(f"\nfrom {least} to {most}; {load.counted}")
    assert least["worker"] == 1
    assert load.counted is not None
    assert load.counted.failed == 0


def serving(stage: Stage, release: str) -> Mapping[str, int]:
    """Instances in service by process."""
    groups = stage.aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    tagged = [({tag["Key"]: tag["Value"] for tag in group["Tags"]}, group["Instances"]) for group in groups]
    return {
        tags[PROCESS]: sum(each["LifecycleState"] == "InService" for each in instances)
        for tags, instances in tagged
        if tags.get(RELEASE) == release
    }
