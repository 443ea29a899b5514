"""What an instance said last: read from its release's log streams for the error of whoever waited for it.

A stream is named `RELEASE/INSTANCE/NAME` (release.log_shipping).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from release.aws import Busy, Refused
from release.logs import BOOT, harmless

PATIENCE = 5.0
"""Seconds that CloudWatch may throttle or be silent: an error is waiting to be told."""

LINES = 8
"""So many of the last lines tell the cause of most failures: an exception's end, and where it came from."""

_BOOT_FAILED = "boot failed: "
_RECENT = 50
"""Streams that one DescribeLogStreams tells at most (Amazon CloudWatch Logs API Reference)."""


class Ask(Protocol):
    """`release.aws.Calls`, for CloudWatch Logs."""

    async def __call__(
        self, action: str, patience: float = 0.0, /, **arguments: Any
    ) -> Mapping[str, Any]: ...


class LastWords(Protocol):
    async def of(self, release: str, instances: Sequence[str]) -> Words | None:
        """What explains best why one of these instances (the first that said something) does not do its work.

        One that none is known of is looked for among those that the release ever had. Never raises: None where
        nothing was said, or nothing can be read.
        """


@dataclass(frozen=True)
class Words:
    """The last `lines`, oldest first, that `name` (a process, or `boot`) said on `instance`."""

    instance: str
    name: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} on {self.instance} said last:\n{quoted(self.lines)}"


def quoted(lines: Sequence[str]) -> str:
    """Lines as an error quotes them."""
    return "\n".join(f"| {line}" for line in lines)


async def tail(ask: Ask, group: str, stream: str, lines: int, patience: float) -> tuple[str, ...]:
    """The last lines of a stream, oldest first; none where there is no such stream. Raises Busy and Refused."""
    try:
        answer = await ask(
            "get_log_events",
            patience,
            logGroupName=group,
            logStreamName=stream,
            limit=lines,
            startFromHead=False,
        )
    except Refused as refused:
        if refused.code != "ResourceNotFoundException":
            raise
        return ()
    return tuple(harmless(event["message"].rstrip()) for event in answer["events"])


class LoggedWords:
    """`LastWords` out of the log group of one `process`."""

    def __init__(self, ask: Ask, group: str, process: str) -> None:
        self._ask, self._group, self._process = ask, group, process

    async def of(self, release: str, instances: Sequence[str]) -> Words | None:
        try:
            for instance in instances or await self._known(release):
                if words := await self._explaining(release, instance):
                    return words
        except (Busy, Refused):
            pass
        return None

    async def _explaining(self, release: str, instance: str) -> Words | None:
        """A boot that failed explains more than a process can say; else it is the process, if it ever ran."""
        boot = await tail(self._ask, self._group, f"{release}/{instance}/{BOOT}", LINES, PATIENCE)
        if not any(line.startswith(_BOOT_FAILED) for line in boot):
            said = await tail(
                self._ask, self._group, f"{release}/{instance}/{self._process}", LINES, PATIENCE
            )
            if said:
                return Words(instance, self._process, said)
        return Words(instance, BOOT, boot) if boot else None

    async def _known(self, release: str) -> tuple[str, ...]:
        """The instances that have said something, those first that said something last."""
        answer = await self._ask(
            "describe_log_streams",
            PATIENCE,
            logGroupName=self._group,
            logStreamNamePrefix=f"{release}/",
            limit=_RECENT,
        )
        streams = sorted(
            answer["logStreams"], key=lambda stream: stream.get("lastEventTimestamp", 0), reverse=True
        )
        return tuple(dict.fromkeys(stream["logStreamName"].split("/")[1] for stream in streams))
