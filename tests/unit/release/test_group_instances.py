"""What a restart sees of an auto-scaling group, and what it asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from release.aws import Busy, Refused
from release.errors import ScalingError
from release.group_instances import AwsGroup
from release.restart import Group


class Answers:
    """Stands for `release.aws.Calls`: answers with a group, keeps what was asked, fails where it is told to."""

    def __init__(self, **states: str) -> None:
        self.states = states
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.fails: dict[str, Exception] = {}

    async def __call__(self, action: str, patience: float = 0.0, /, **arguments: Any) -> Mapping[str, Any]:
        self.asked.append((action, arguments))
        if action in self.fails:
            raise self.fails[action]
        instances = [{"InstanceId": each, "LifecycleState": state} for each, state in self.states.items()]
        found = {"DesiredCapacity": 2, "MaxSize": 3, "Instances": instances}
        return {"AutoScalingGroups": [found] if self.states else []}


def group(answers: Answers) -> AwsGroup:
    made = AwsGroup("web-1", None)
    made._calls = answers  # type: ignore[assignment]
    return made


async def test_who_leaves_counts_no_more_and_has_yet_to_end() -> None:
    answers = Answers(a="InService", b="Pending:Wait", c="Terminating:Wait", d="Terminating")
    assert await group(answers).group() == Group(2, 3, ("a", "b"))
    assert await group(answers).left(["a", "c", "d", "e"]) == {"a", "c", "d"}
    assert await group(answers).well(["a", "b"]) == {"a"}


async def test_one_that_was_retired_though_the_answer_got_lost_is_not_retired_again() -> None:
    answers = Answers(a="InService", b="Terminating")
    answers.fails["terminate_instance_in_auto_scaling_group"] = Busy("terminate", 1, 1.0, "silent")
    await group(answers).retire("b")
    with pytest.raises(ScalingError, match="did not answer"):
        await group(answers).retire("a")


async def test_what_aws_refuses_and_a_group_that_is_gone_are_told_in_words() -> None:
    answers = Answers()
    with pytest.raises(ScalingError, match="is not there any more"):
        await group(answers).group()
    answers.fails["set_desired_capacity"] = Refused("set", "ValidationError", "above the limit")
    with pytest.raises(ScalingError) as refused:
        await group(answers).want(4)
    assert "above the limit" in refused.value.seen
