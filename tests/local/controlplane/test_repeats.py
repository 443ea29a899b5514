"""Calls that are sent again: what the daemon's log says of them, and how they are answered."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session

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


class Moto:
    """Counts how often it is asked, and answers with that."""

    def __init__(self, *statuses: str) -> None:
        self.asked = 0
        self._statuses = iter(statuses)

    def __call__(self, _call: Asked, _environ: Any, start_response: Any) -> list[bytes]:
        self.asked += 1
        start_response(next(self._statuses, "200 OK"), [("X-Time", str(self.asked))])
        return [b"time ", str(self.asked).encode()]


def answered(repeats: Repeats, invocation: str, attempt: int, moto: Moto) -> Any:
    said: list[Any] = []
    body = repeats.once(CALL, environ(invocation, attempt), lambda *told: said.extend(told), moto)
    return (*said, b"".join(body))


def test_a_call_that_is_sent_again_is_told_with_how_it_was_answered(
    repeats: Repeats, caplog: pytest.LogCaptureFixture
) -> None:
    moto = Moto()
    answered(repeats, "one", 1, moto)
    assert caplog.messages == []
    answered(repeats, "one", 2, moto)
    answered(repeats, "other", 2, moto)
    assert caplog.messages == [
        "ec2 CreateRoute is sent again, attempt 2: the one before it was answered 200 OK 1.0 s ago",
        "ec2 CreateRoute is sent again, attempt 2: no attempt before it was answered here",
    ]


def test_a_call_that_was_carried_out_and_is_sent_again_has_the_same_answer_and_is_not_carried_out_again(
    repeats: Repeats,
) -> None:
    moto = Moto()
    first = answered(repeats, "one", 1, moto)
    assert first == ("200 OK", [("X-Time", "1")], b"time 1")
    assert answered(repeats, "one", 2, moto) == first
    assert answered(repeats, "one", 3, moto) == first
    assert moto.asked == 1
    assert answered(repeats, "two", 1, moto)[2] == b"time 2"


@pytest.mark.parametrize("refused", ["400 Bad Request", "503 Service Unavailable"])
def test_a_call_that_was_refused_is_carried_out_when_it_is_sent_again(repeats: Repeats, refused: str) -> None:
    moto = Moto(refused)
    assert answered(repeats, "one", 1, moto)[0] == refused
    assert answered(repeats, "one", 2, moto)[0] == "200 OK"
    assert moto.asked == 2


def test_only_so_many_answers_are_remembered(repeats: Repeats) -> None:
    for number in range(KEPT + 50):
        answered(repeats, str(number), 1, Moto())
    assert len(repeats._answers) == KEPT


def test_calls_of_the_sdk_are_remembered_and_nothing_is_said_of_them(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        world.client("sqs").create_queue(QueueName="repeats-of-a-test")
        world.client("sqs").create_queue(QueueName="repeats-of-a-test")
    assert not [message for message in caplog.messages if "sent again" in message]


def test_a_change_whose_answer_is_lost_on_its_way_is_made_once(world: World) -> None:
    ec2 = world.new_client("ec2", 2)
    sent: list[bytes] = []

    def lose(request: AWSPreparedRequest, **_: Any) -> None:
        sent.append(request.headers["amz-sdk-request"])
        if len(sent) == 1:
            assert URLLib3Session().send(request).status_code == 200
            raise ConnectionClosedError(endpoint_url=request.url)

    ec2.meta.events.register("before-send.ec2.CreateVpc", lose)
    before = len(ec2.describe_vpcs()["Vpcs"])
    made = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    assert [attempt.partition(b";")[0] for attempt in sent] == [b"attempt=1", b"attempt=2"]
    vpcs = ec2.describe_vpcs()["Vpcs"]
    assert len(vpcs) == before + 1
    assert made in {vpc["VpcId"] for vpc in vpcs}
