"""Queues: AWS/SQS. Names and dimensions: 'Available CloudWatch metrics for Amazon SQS' in AWS's documentation. A queue
that nobody uses for hours is told of too, which AWS stops to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from localcloud.controlplane.cloudwatch.samples import Sample, reading

NAMESPACE = "AWS/SQS"


def depths(queues: Iterable[Any], now: float) -> Iterator[Sample]:
    """moto's queues at `now`, in seconds since 1970."""
    for queue in queues:
        scope = {"QueueName": queue.name}
        held = list(queue._messages)
        visible = [message for message in held if message.visible and not message.delayed]
        hidden = sum(not message.visible for message in held)
        oldest = min((message.sent_timestamp or now * 1000 for message in held), default=now * 1000)
        yield reading(NAMESPACE, "ApproximateNumberOfMessagesVisible", scope, len(visible))
        yield reading(NAMESPACE, "ApproximateNumberOfMessagesNotVisible", scope, hidden)
        age = max(0.0, now - oldest / 1000)
        yield reading(NAMESPACE, "ApproximateAgeOfOldestMessage", scope, age, "Seconds")
