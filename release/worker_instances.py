"""The only door to the instances of workers: which there are, what they are told, and what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from infra.prefixes import WORKING
from infra.tags import TURN
from release.aws import Busy, Calls, Refused
from release.errors import CommandError, WorkersError
from release.last_words import tail
from release.log_reading import Reader
from release.logs import BOOT, Source, harmless
from release.turns import Crew, Post, Report, Turn, doing

PATIENCE = 20.0
"""Seconds that a call is tried again: each of them may come true twice and changes nothing the second time."""

_AT_ONCE = 50
"""Groups that one DescribeAutoScalingGroups takes (Amazon EC2 Auto Scaling API Reference)."""
_TAGGED = 500
"""Instances that one CreateTags takes at most (Amazon EC2 API Reference: 1000; half of it)."""
_UNSETTLED = "unsettled"
"""A line of the list that is no release's id."""


class AwsInstances:
    """`Instances` by auto-scaling groups, tags of instances, log groups, and a list in the bundle bucket."""

    def __init__(self, bucket: str, patience: float = PATIENCE) -> None:
        self._bucket = bucket
        self._patience = patience
        self._groups, self._tags = Calls("autoscaling"), Calls("ec2")
        self._store, self._logs = Calls("s3"), Calls("logs")
        self._readers: dict[str, Reader] = {}
        self._latest: dict[str, Report] = {}

    async def announce(self, working: Sequence[str], *, settled: bool) -> None:
        lines = [*working, *(() if settled else (_UNSETTLED,))]
        with _told("the list of whose workers work could not be written"):
            body = "".join(f"{line}\n" for line in lines).encode()
            await self._store("put_object", self._patience, Bucket=self._bucket, Key=WORKING, Body=body)

    async def announced(self) -> tuple[str, ...] | None:
        with _told("the list of whose workers work could not be read"):
            try:
                found = await self._store("get_object", self._patience, Bucket=self._bucket, Key=WORKING)
            except Refused as refused:
                if refused.code != "NoSuchKey":
                    raise
                return None
        lines = tuple(found["Body"].read().decode().split())
        return None if _UNSETTLED in lines else lines

    async def crews(self, groups: Sequence[str]) -> Mapping[str, Crew]:
        found: dict[str, Crew] = {}
        for first in range(0, len(groups), _AT_ONCE):
            names = list(groups[first : first + _AT_ONCE])
            with _told("the groups of workers could not be read"):
                answer = await self._groups(
                    "describe_auto_scaling_groups",
                    self._patience,
                    AutoScalingGroupNames=names,
                    MaxRecords=100,
                )
            found |= {group["AutoScalingGroupName"]: _crew(group) for group in answer["AutoScalingGroups"]}
        return found

    async def tell(self, instances: Sequence[str], turn: Turn) -> None:
        left = list(instances)
        while left:
            some, left = left[:_TAGGED], left[_TAGGED:]
            with _told("workers could not be told whose turn it is"):
                try:
                    await self._tag(some, turn)
                except Refused as refused:
                    if refused.code != "InvalidInstanceID.NotFound":
                        raise
                    await self._tag_each(some, turn)

    async def reports(self, posts: Sequence[Post]) -> Mapping[str, Report]:
        for post in posts:
            await self._read(post)
        return {post.instance: self._latest[post.instance] for post in posts if post.instance in self._latest}

    async def last_words(self, post: Post, name: str, lines: int) -> tuple[str, ...]:
        stream = f"{post.team.release}/{post.instance}/{name}"
        for pause in (0.0, 1.0, 2.0):
            # What was said last is the last to arrive.
            await asyncio.sleep(pause)
            words = await self._words(post.team.log_group, stream, lines)
            if words:
                return words
        return ()

    async def _words(self, log_group: str, stream: str, lines: int) -> tuple[str, ...]:
        with _told("what a worker said could not be read"):
            return await tail(self._logs, log_group, stream, lines, self._patience)

    async def _read(self, post: Post) -> None:
        """A boot's log is short: all of it at first, then what is new."""
        if not post.team.log_group:
            return
        name = f"{post.team.release}/{post.instance}/{BOOT}"
        reader = self._readers.get(name)
        if reader is None:
            reader = self._readers[name] = Reader(self._logs, Source(post.team.log_group, name, (BOOT,)), 0)
        try:
            async for line in reader.lines():
                last = self._latest.get(post.instance)
                if doing(line.message) and (last is None or line.at >= last.at):
                    self._latest[post.instance] = Report(line.at, harmless(line.message))
        except CommandError as error:
            raise WorkersError("what the workers do could not be read", seen=error.seen) from error

    async def _tag(self, instances: Sequence[str], turn: Turn) -> None:
        tags = [{"Key": TURN, "Value": turn}]
        await self._tags("create_tags", self._patience, Resources=list(instances), Tags=tags)

    async def _tag_each(self, instances: Sequence[str], turn: Turn) -> None:
        """One that has just left refuses the tag for all of them."""
        for instance in instances:
            try:
                await self._tag([instance], turn)
            except Refused as refused:
                if refused.code != "InvalidInstanceID.NotFound":
                    raise


def _crew(group: Mapping[str, Any]) -> Crew:
    staying = [
        str(instance["InstanceId"])
        for instance in group["Instances"]
        if not instance["LifecycleState"].startswith(("Terminat", "Detach"))
    ]
    return Crew(int(group["MinSize"]), tuple(sorted(staying)))


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Tell AWS's answers as this project's errors."""
    try:
        yield
    except (Busy, Refused) as error:
        raise WorkersError(what, seen=str(error)) from error
