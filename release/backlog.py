"""What waits in queues: whether a release's workers take it, and whether what nobody could handle grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from release.aws import Busy, Calls, Refused
from release.errors import WorkersError

PATIENCE = 20.0


@dataclass(frozen=True)
class Watched:
    """A queue that workers take from, and the one for what nobody could handle: their URLs; `dead` may be empty."""

    name: str
    url: str
    dead: str


@dataclass(frozen=True)
class Depth:
    """About how many messages wait, are being worked on, and are dead: SQS tells about."""

    waiting: int = 0
    in_flight: int = 0
    dead: int = 0

    def __str__(self) -> str:
        return f"{self.waiting} waiting, {self.in_flight} being worked on, {self.dead} dead"


class Queues(Protocol):
    """Whoever can tell how deep a queue is; raises WorkersError when SQS does not answer."""

    async def depth(self, queue: Watched) -> Depth:
        """As it is now."""


def taken(depths: Sequence[Depth]) -> bool:
    """Whether somebody takes what waits in a queue, by how deep it was, oldest first. Where nothing waits, nobody has
    to.
    """
    if not depths:
        return False
    last = depths[-1]
    return last.waiting == 0 or last.in_flight > 0 or last.waiting < max(each.waiting for each in depths)


def died(before: Depth, now: Depth) -> int:
    """How many messages more are dead now."""
    return max(0, now.dead - before.dead)


class SqsQueues:
    """`Queues` on AWS SQS."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._calls = Calls("sqs")
        self._patience = patience

    async def depth(self, queue: Watched) -> Depth:
        waiting, in_flight = await self._numbers(queue.url)
        dead, _ = await self._numbers(queue.dead) if queue.dead else (0, 0)
        return Depth(waiting, in_flight, dead)

    async def _numbers(self, url: str) -> tuple[int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        try:
            answer = await self._calls(
                "get_queue_attributes", self._patience, QueueUrl=url, AttributeNames=names
            )
        except (Busy, Refused) as error:
            raise WorkersError(
                f"the queue {url} could not be asked how deep it is", seen=str(error)
            ) from error
        waiting, in_flight = (int(answer["Attributes"][name]) for name in names)
        return waiting, in_flight
