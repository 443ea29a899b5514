"""A queue with many senders and receivers at once: nothing is lost, and nothing is given to two."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.controlplane.conftest import World

SENT = 1_200


@pytest.fixture
def sqs(world: World) -> Any:
    return world.client("sqs")


def made(sqs: Any, **attributes: str) -> str:
    return str(sqs.create_queue(QueueName=uuid.uuid4().hex, Attributes=attributes)["QueueUrl"])


def received(sqs: Any, url: str, most: int = 10, **more: Any) -> list[Any]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most, **more)
    return list(answer.get("Messages", ()))


def test_each_message_goes_to_one_receiver_while_others_are_sent_and_deleted(sqs: Any) -> None:
    url, bodies = made(sqs), Counter[str]()

    def send(first: int) -> None:
        entries = [{"Id": str(n), "MessageBody": str(first + n)} for n in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def work(_: int) -> list[str]:
        mine: list[str] = []
        limit = time.monotonic() + 60
        while bodies.total() + len(mine) < SENT and time.monotonic() < limit:
            batch = received(sqs, url, VisibilityTimeout=300)
            if not batch:
                return mine
            for message in batch:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                mine.append(message["Body"])
        return mine

    with ThreadPoolExecutor(8) as pool:
        sending = [pool.submit(send, first) for first in range(0, SENT, 10)]
        for each in sending[:40]:
            each.result()
        for done in [pool.submit(work, n) for n in range(4)]:
            bodies.update(done.result())
    while batch := work(0):
        bodies.update(batch)
    assert bodies == Counter(str(n) for n in range(SENT))
    with pytest.raises(ClientError):
        sqs.delete_message(QueueUrl=url, ReceiptHandle="never given")


def test_what_is_given_back_comes_again_and_what_comes_too_often_goes_to_the_dead_letters(sqs: Any) -> None:
    dead = made(sqs)
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = made(sqs, RedrivePolicy=f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":2}}')
    sqs.send_message(QueueUrl=url, MessageBody="again")
    for _ in range(2):
        (message,) = received(sqs, url, WaitTimeSeconds=5)
        assert received(sqs, url) == [], "it is in somebody's hands"
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    assert received(sqs, url, WaitTimeSeconds=1) == []
    assert [each["Body"] for each in received(sqs, dead, WaitTimeSeconds=5)] == ["again"]


def test_a_receiver_who_waits_has_a_message_as_soon_as_it_is_sent(sqs: Any) -> None:
    url = made(sqs)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(received, sqs, url, WaitTimeSeconds=9)
        sqs.send_message(QueueUrl=url, MessageBody="now")
        sent = time.monotonic()
        (message,) = waiting.result()
    assert message["Body"] == "now"
    assert time.monotonic() - sent < 3
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def told(sqs: Any, url: str) -> tuple[int, int, int]:
    """How many wait, are with a receiver, and are for later."""
    names = ("", "NotVisible", "Delayed")
    asked = [f"ApproximateNumberOfMessages{name}" for name in names]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=asked)["Attributes"]
    return tuple(int(found[name]) for name in asked)  # type: ignore[return-value]


def test_a_queue_tells_how_many_wait_are_taken_and_are_for_later(sqs: Any) -> None:
    url = made(sqs)
    for number in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=1)
    assert told(sqs, url) == (5, 0, 1)
    first, second, _ = received(sqs, url, most=3, VisibilityTimeout=300)
    assert told(sqs, url) == (2, 3, 1)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=0)
    assert told(sqs, url) == (3, 1, 1)
    limit = time.monotonic() + 10
    while told(sqs, url) != (4, 1, 0):
        assert time.monotonic() < limit, told(sqs, url)
        time.sleep(0.05)
    sqs.purge_queue(QueueUrl=url)
    assert told(sqs, url) == (0, 0, 0)


def test_the_time_for_a_message_does_not_grow_with_the_queue(sqs: Any) -> None:
    url = made(sqs)

    def seconds(first: int, batches: int) -> float:
        began = time.process_time()
        for batch in range(first, first + batches):
            entries = [{"Id": str(n), "MessageBody": f"{batch}-{n}"} for n in range(10)]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        return (time.process_time() - began) / batches

    empty = seconds(0, 20)
    seconds(20, 300)
    assert seconds(320, 20) < 3 * empty
