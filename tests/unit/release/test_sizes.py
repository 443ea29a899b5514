"""Keeping the size of groups, against an auto-scaling API of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from release.aws import Busy, Refused
from release.errors import ScalingError, Shrunk
from release.sizes import SHRINK, AutoScaling


@dataclass
class Api:
    """Groups with their greatest size; `due` have an action that is carried out just before it could be deleted."""

    sizes: dict[str, int]
    actions: set[str] = field(default_factory=set)
    due: frozenset[str] = frozenset()
    throttled: bool = False

    async def __call__(self, action: str, patience: float = 0.0, /, **asked: Any) -> Mapping[str, Any]:
        if self.throttled:
            raise Busy(action, 3, patience, "Throttling")
        if action == "delete_scheduled_action":
            return self.delete(asked["AutoScalingGroupName"], asked["ScheduledActionName"])
        names = asked["AutoScalingGroupNames"]
        found = [{"MaxSize": self.sizes[name]} for name in names if name in self.sizes]
        return {"AutoScalingGroups": found}

    def delete(self, group: str, name: str) -> Mapping[str, Any]:
        if group in self.due:
            self.sizes[group] = 0
            self.actions.discard(group)
        if name != SHRINK or group not in self.actions:
            raise Refused("delete_scheduled_action", "ValidationError", "Scheduled action name not found")
        self.actions.remove(group)
        return {}


def keep(api: Api, *groups: str) -> None:
    asyncio.run(AutoScaling(lambda: api).keep(groups))  # type: ignore[arg-type,return-value]


def test_no_action_is_left_that_would_shrink_them_and_asking_twice_is_no_mistake() -> None:
    api = Api({"web": 4, "worker": 2}, {"web", "worker"})
    keep(api, "web", "worker")
    keep(api, "web", "worker")
    assert (api.actions, api.sizes) == (set(), {"web": 4, "worker": 2})


def test_an_action_that_comes_at_the_very_moment_is_seen_and_named() -> None:
    with pytest.raises(Shrunk) as caught:
        keep(Api({"web": 4, "worker": 2}, {"web", "worker"}, frozenset({"worker"})), "web", "worker")
    assert (caught.value.seen, caught.value.state) == (
        "worker: at most 0 instances",
        "no traffic was moved",
    )


def test_a_group_that_is_gone_counts_as_shrunk() -> None:
    with pytest.raises(Shrunk, match="web"):
        keep(Api({}), "web")


def test_an_api_that_does_not_answer_is_never_taken_for_a_good_answer() -> None:
    with pytest.raises(ScalingError, match="Throttling") as caught:
        keep(Api({"web": 4}, throttled=True), "web")
    assert not isinstance(caught.value, Shrunk)
