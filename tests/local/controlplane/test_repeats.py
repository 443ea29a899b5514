"""What the daemon's log says of calls that are sent again."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from localcloud.controlplane.asked import Asked
from localcloud.controlplane.repeats import KEPT, Repeats
from tests.local.controlplane.conftest import World

CALL = Asked("ec2", "eu-west-1", "CreateRoute", "ec2")


def environ(invocation: str, attempt: int) -> dict[str, Any]:
    return {"HTTP_AMZ_SDK_INVOCATION_ID": invocation, "HTTP_AMZ_SDK_REQUEST": f"attempt={attempt}; max=25"}


@pytest.fixture
def repeats() -> Repeats:
    seconds = iter(range(10_000))
    return Repeats(lambda: float(next(seconds)))


def answered(repeats: Repeats, invocation: str, attempt: int, status: str = "200 OK") -> Any:
    return repeats.noting(CALL, environ(invocation, attempt), lambda *told: told)(status, [])


def test_a_call_that_is_sent_again_is_told_with_how_it_was_answered(
    repeats: Repeats, caplog: pytest.LogCaptureFixture
) -> None:
    assert answered(repeats, "one", 1) == ("200 OK", [])
    assert caplog.messages == []
    answered(repeats, "one", 2, "400 Bad Request")
    answered(repeats, "other", 2)
    assert caplog.messages == [
        "ec2 CreateRoute is sent again, attempt 2: the one before it was answered 200 OK 1.0 s ago",
        "ec2 CreateRoute is sent again, attempt 2: no attempt before it was answered here",
    ]


def test_only_so_many_answers_are_remembered(repeats: Repeats) -> None:
    for number in range(KEPT + 50):
        answered(repeats, str(number), 1)
    assert len(repeats._answered) == KEPT


def test_calls_of_the_sdk_are_remembered_and_nothing_is_said_of_them(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        world.client("sqs").create_queue(QueueName="repeats-of-a-test")
        world.client("sqs").create_queue(QueueName="repeats-of-a-test")
    assert not [message for message in caplog.messages if "sent again" in message]
