"""What processes say, as it is kept: which streams of which log groups are meant, and their lines. Pure.

A stream is named `RELEASE/INSTANCE/NAME` (release.log_shipping), on the operations host `INSTANCE/NAME`; `NAME` is the
process, or `boot`. What instances say of their processes by the clock is in streams of other names (`USAGE_STREAMS`).
"""

from __future__ import annotations

import asyncio
import heapq
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.errors import CommandRefused

BOOT = "boot"
OPERATIONS = "operations"

USAGE_STREAMS = "usage/"
"""How the names of the streams begin, one an instance, in which it says every 15 s how its process is: they are read
all at once, and are nothing that a process said.
"""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_UNSHOWN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Line:
    """What was said `at` a moment (ms since 1970, UTC). `release` is empty for the operations host."""

    at: int
    process: str
    release: str
    instance: str
    message: str


@dataclass(frozen=True)
class Source:
    """The streams of one log group that are wanted: those that begin with `prefix`, and whose last name is among
    `names` (all of them where there is none). Lines are told as `process`, or as what the stream is called.
    """

    group: str
    prefix: str = ""
    names: tuple[str, ...] = ()
    process: str = ""

    def line(self, event: Mapping[str, Any]) -> Line | None:
        """An event of FilterLogEvents as a line; None where its stream is not wanted."""
        stream = str(event["logStreamName"])
        *rest, name = stream.split("/")
        if not stream.startswith(self.prefix) or (self.names and name not in self.names):
            return None
        if stream.startswith(USAGE_STREAMS):
            return None
        return Line(
            at=int(event["timestamp"]),
            process=self.process or name,
            release=rest[0] if len(rest) > 1 else "",
            instance=rest[-1] if rest else "",
            message=str(event["message"]).rstrip("\r\n"),
        )


def sources(
    groups: Mapping[str, str], operations: str, process: str, releases: Collection[str]
) -> tuple[Source, ...]:
    """Where to look for what `process` said (empty: every process), of these releases' ids (empty: of all).

    `groups` are the log groups by process, `operations` the operations host's. Raises CommandError for a process that
    there is not. The host is of no release: it is left out where releases are asked for.
    """
    known = (*groups, BOOT, OPERATIONS)
    if process and process not in known:
        raise CommandRefused(
            f"nothing is called {process} here",
            expected=", ".join(known),
            seen=process,
            state="nothing was changed",
            next="release logs --stack STACK shows them all",
        )
    if process == OPERATIONS and releases:
        raise CommandRefused(
            "the operations host is of no release",
            expected="--release together with a process of a release",
            seen=f"--release {', '.join(releases)} together with {OPERATIONS}",
            state="nothing was changed",
            next=f"release logs {OPERATIONS} --stack STACK",
        )
    prefixes = [f"{release}/" for release in releases] or [""]
    found = [
        Source(group, prefix, (process,) if process else ())
        for name, group in groups.items()
        if process in ("", BOOT, name)
        for prefix in prefixes
    ]
    if operations and not releases and process in ("", OPERATIONS):
        found.append(Source(operations, process=OPERATIONS))
    return tuple(found)


def seconds(text: str) -> int:
    """A span of time as people write it: 90s, 10m, 1h30m, 2d. Raises CommandError for anything else."""
    parts = re.findall(r"(\d+)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise CommandRefused(
            f"{text!r} is not a span of time",
            expected="numbers with s, m, h or d: 90s, 10m, 1h30m, 2d",
            seen=repr(text),
            state="nothing was changed",
            next="release logs --since 10m --stack STACK",
        )
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def harmless(message: str) -> str:
    """The message without what would move a terminal's cursor or change its colours: anybody may write to a log."""
    return _UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", message)


async def merged(streams: Sequence[AsyncIterator[Line]]) -> AsyncIterator[Line]:
    """All lines in the order of their time; of one moment, in the order of the streams. Each stream is in order, and
    read no further than is needed.
    """
    heads = await asyncio.gather(*map(_next, streams))
    heap = [(line.at, number, line) for number, line in enumerate(heads) if line is not None]
    heapq.heapify(heap)
    while heap:
        _, number, line = heap[0]
        yield line
        following = await _next(streams[number])
        if following is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (following.at, number, following))


async def _next(stream: AsyncIterator[Line]) -> Line | None:
    return await anext(stream, None)
