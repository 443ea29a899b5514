"""The queues, each with one beside it for the messages that nobody could handle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.stored import COMMANDS_QUEUE
from infra.tags import named

KEPT = 1209600
"""Seconds that a dead letter is kept: the longest that SQS knows, counted from when it was first sent."""


@dataclass(frozen=True)
class Queue:
    """`name` is the setting's, `queue_name` and `dead_letters_name` are AWS's and CloudWatch's dimensions."""

    name: str
    url: pulumi.Output[str]
    arn: pulumi.Output[str]
    queue_name: pulumi.Output[str]
    dead_letters_name: pulumi.Output[str]
    dead_letters_url: pulumi.Output[str]


class Queues(pulumi.ComponentResource):
    """Encrypted queues that answer over TLS only. A message that was delivered as often as the settings say, and never
    deleted, goes to the dead letters of its queue. `commands` is there beside those that are `chosen`.
    """

    queues: Mapping[str, Queue]
    commands: Queue

    def __init__(
        self,
        environment: str,
        chosen: Mapping[str, settings.Queue],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("uneventful:infra:Queues", "queues", None, opts)
        self._environment = environment
        self._own = pulumi.ResourceOptions(parent=self)
        self.queues = MappingProxyType({name: self._queue(name, one) for name, one in chosen.items()})
        self.commands = self._queue(COMMANDS_QUEUE, settings.Queue())
        self.register_outputs({name: queue.url for name, queue in self.queues.items()})

    def _queue(self, name: str, chosen: settings.Queue) -> Queue:
        dead = aws.sqs.Queue(
            f"dead-{name}",
            message_retention_seconds=KEPT,
            sqs_managed_sse_enabled=True,
            tags=named(f"{self._environment}-{name}-dead-letters"),
            opts=self._own,
        )
        queue = aws.sqs.Queue(
            f"queue-{name}",
            visibility_timeout_seconds=chosen.visibility,
            message_retention_seconds=chosen.retention,
            sqs_managed_sse_enabled=True,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead.arn, "maxReceiveCount": chosen.attempts}
            ),
            tags=named(f"{self._environment}-{name}"),
            opts=self._own,
        )
        for logical, one in ((f"dead-{name}", dead), (f"queue-{name}", queue)):
            # Its provider waits 25 s for the end of a policy, which the end of its queue is as well.
            own = pulumi.ResourceOptions.merge(self._own, pulumi.ResourceOptions(deleted_with=one))
            aws.sqs.QueuePolicy(
                logical, queue_url=one.url, policy=pulumi.Output.json_dumps(tls_only(one.arn)), opts=own
            )
        return Queue(name, queue.url, queue.arn, queue.name, dead.name, dead.url)


def variable(queue: str) -> str:
    """The environment variable by which a process finds the queue of this name."""
    return f"QUEUE_{queue.upper().replace('-', '_')}_URL"


def tls_only(queue_arn: pulumi.Input[str]) -> dict[str, Any]:
    """A queue's policy that refuses whatever does not come over TLS."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": queue_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
