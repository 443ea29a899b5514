"""Jobs: messages in a queue of SQS, from the web process to the worker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config

POLL = 2
"""Seconds that the queue may hold a question open: so long a worker takes at most to notice that it should stop."""

BATCH = 10
"""Messages at a time, SQS's own limit."""


@dataclass(frozen=True)
class Job:
    """What to do: the `order` with this number, or the standing order that is `due` at this time, as the schedule tells
    it; neither is a message that this version does not know. `receipt` takes it from the queue, or gives it back.
    """

    receipt: str
    order: int = 0
    due: str = ""


class Jobs:
    """The queue that QUEUE_JOBS_URL names. What is received and not finished comes again. Errors are botocore's."""

    def __init__(self, url: str, region: str) -> None:
        patience = Config(
            connect_timeout=3, read_timeout=POLL + 5, retries={"mode": "standard", "total_max_attempts": 4}
        )
        self._url = url
        self._sqs: Any = botocore.session.get_session().create_client(
            "sqs", region_name=region, config=patience
        )

    def send(self, order: int) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps({"order": order}))

    def receive(self) -> tuple[Job, ...]:
        """What there is to do, after at most POLL seconds."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=POLL
        )
        return tuple(
            _job(message["Body"], message["ReceiptHandle"]) for message in answer.get("Messages", ())
        )

    def finish(self, job: Job) -> None:
        """Take the job out of the queue: it is done."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=job.receipt)

    def give_back(self, job: Job) -> None:
        """Let another worker have the job at once."""
        self._sqs.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=job.receipt, VisibilityTimeout=0
        )


def _job(body: str, receipt: str) -> Job:
    try:
        told = json.loads(body)
        return Job(receipt, order=int(told.get("order", 0)), due=str(told.get("due", "")))
    except (ValueError, TypeError, AttributeError):
        return Job(receipt)


def open_jobs(environment: Mapping[str, str]) -> Jobs | None:
    """The queue by QUEUE_JOBS_URL, None where there is none."""
    url = environment.get("QUEUE_JOBS_URL")
    return Jobs(url, environment["AWS_REGION"]) if url else None
