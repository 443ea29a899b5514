"""How much waits in an environment's queues, and which of its alarms ring."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from release.aws import Calls
from release.cli.state import Queue
from release.metrics import ALARMS_A_CALL

PATIENCE = 20.0
"""Seconds that AWS may throttle or be silent."""

_WAITING, _FLYING, _DELAYED = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class Depth:
    """Messages, as SQS estimates them: those that wait (delayed ones too), those that somebody has taken and not
    finished, and those that nobody could handle.
    """

    queue: str
    waiting: int
    taken: int
    dead: int


async def depths(queues: Sequence[Queue]) -> tuple[Depth, ...]:
    """Of each queue, in the same order. Raises Busy and Refused."""
    return tuple(await asyncio.gather(*map(_depth, queues)))


async def ringing(alarms: Sequence[str]) -> tuple[str, ...]:
    """Those of the named alarms that are in ALARM, by name. Raises Busy and Refused."""
    ask, rings = Calls("cloudwatch"), list[str]()
    for begin in range(0, len(alarms), ALARMS_A_CALL):
        some = list(alarms[begin : begin + ALARMS_A_CALL])
        answer = await ask(
            "describe_alarms",
            PATIENCE,
            AlarmNames=some,
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            StateValue="ALARM",
            MaxRecords=ALARMS_A_CALL,
        )
        found = [*answer["MetricAlarms"], *answer.get("CompositeAlarms", ())]
        rings += [each["AlarmName"] for each in found if each["StateValue"] == "ALARM"]
    return tuple(sorted(rings))


async def _depth(queue: Queue) -> Depth:
    own, dead = await asyncio.gather(_counts(queue.url), _counts(queue.dead_letters))
    return Depth(queue.name, own[0], own[1], sum(dead))


async def _counts(url: str) -> tuple[int, int]:
    if not url:
        return 0, 0
    wanted = [_WAITING, _FLYING, _DELAYED]
    answer = await Calls("sqs")("get_queue_attributes", PATIENCE, QueueUrl=url, AttributeNames=wanted)
    found = {name: int(answer["Attributes"].get(name, 0)) for name in wanted}
    return found[_WAITING] + found[_DELAYED], found[_FLYING]
