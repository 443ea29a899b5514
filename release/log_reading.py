"""Lines out of CloudWatch Logs, in the order of their time, once or for as long as somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from release.aws import Busy, Refused
from release.errors import AwsUnanswered
from release.logs import Line, Source, merged

PAGE = 5000
"""Events asked for at once; CloudWatch gives 10,000 or 1 MB at most (API reference, "FilterLogEvents")."""

PATIENCE = 20.0
"""Seconds that CloudWatch may throttle or be silent."""

POLL_SECONDS = 1.0
"""Between two looks at a log group: far below the 5 to 25 questions a second that an account has in a region
(CloudWatch Logs quotas), even for a handful of groups and watchers.
"""

LATE_MS = 10_000
"""An event may be there so much later than the moment that it bears: so much is looked at again."""


class Ask(Protocol):
    """`release.aws.Calls`, for CloudWatch Logs."""

    async def __call__(
        self, action: str, patience: float = 0.0, /, **arguments: Any
    ) -> Mapping[str, Any]: ...


class Reader:
    """One source, read again and again: a line that was told is not told again."""

    def __init__(self, ask: Ask, source: Source, since: int) -> None:
        self._ask = ask
        self._source = source
        self._from = since
        self._newest = since
        self._told: dict[str, int] = {}

    async def lines(self) -> AsyncIterator[Line]:
        """What is new since the last time, and no older than `since` (ms); raises CommandError when CloudWatch
        refuses, or is silent for longer than its patience.
        """
        start = max(self._from, self._newest - LATE_MS)
        self._told = {event: at for event, at in self._told.items() if at >= start}
        token = None
        while True:
            page = await self._page(start, token)
            for event in page.get("events", ()):
                if event["eventId"] in self._told:
                    continue
                self._told[event["eventId"]] = event["timestamp"]
                self._newest = max(self._newest, event["timestamp"])
                line = self._source.line(event)
                if line is not None:
                    yield line
            # A page may be empty and yet have a next one.
            token = page.get("nextToken")
            if not token:
                return

    async def _page(self, start: int, token: str | None) -> Mapping[str, Any]:
        prefix = {"logStreamNamePrefix": self._source.prefix} if self._source.prefix else {}
        further = {"nextToken": token} if token else {}
        try:
            return await self._ask(
                "filter_log_events",
                PATIENCE,
                logGroupName=self._source.group,
                startTime=start,
                limit=PAGE,
                # Always so on AWS nowadays; said for those who still go by it.
                interleaved=True,
                **prefix,
                **further,
            )
        except (Busy, Refused) as error:
            raise AwsUnanswered(
                f"the log group {self._source.group} could not be read",
                expected="an answer from CloudWatch Logs with the credentials in this environment",
                seen=str(error),
                state="nothing was changed; what is said there is kept",
                next="aws sts get-caller-identity",
            ) from error


async def told(readers: Sequence[Reader]) -> AsyncIterator[Line]:
    """What all of them have now, in the order of time."""
    async for line in merged([reader.lines() for reader in readers]):
        yield line


async def followed(
    readers: Sequence[Reader], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncIterator[Line]:
    """What all of them have now, and then what comes, without end. What comes late is told late."""
    while True:
        async for line in told(readers):
            yield line
        await sleep(POLL_SECONDS)
