"""Which streams are read, what a span of time is, and lines in the order of time, whatever AWS answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.aws import Busy, Refused
from release.errors import CommandError
from release.log_reading import LATE_MS, Reader, followed, told
from release.log_shipping import stream
from release.logs import Line, Source, harmless, merged, seconds, sources

GROUPS = {"web": "/app/dev/web-1", "worker": "/app/dev/worker-1"}
HOST = "/app/dev/operations-1"


def event(at: int, stream: str = "aaaaaaaa/i-1/web", message: str = "hello") -> dict[str, Any]:
    identity = f"{at}{stream}{message}"
    return {"eventId": identity, "timestamp": at, "logStreamName": stream, "message": message}


class Logs:
    """CloudWatch Logs with these events, a few a page; the first page is empty, as one may be."""

    def __init__(self, *events: dict[str, Any], page: int = 3) -> None:
        self.events = list(events)
        self.asked: list[Mapping[str, Any]] = []
        self._page = page

    async def __call__(self, action: str, patience: float = 0.0, /, **asked: Any) -> Mapping[str, Any]:
        assert action == "filter_log_events"
        self.asked.append(asked)
        found = sorted(
            (each for each in self.events if each["timestamp"] >= asked["startTime"]),
            key=lambda each: each["timestamp"],
        )
        if "nextToken" not in asked:
            return {"events": [], "nextToken": "0"}
        begin = int(asked["nextToken"])
        further = {"nextToken": str(begin + self._page)} if begin + self._page < len(found) else {}
        return {"events": found[begin : begin + self._page], **further}


def said(*readers: Reader) -> list[str]:
    async def all_of_it() -> list[str]:
        return [line.message async for line in told(readers)]

    return asyncio.run(all_of_it())


def test_a_stream_of_a_release_is_found_by_the_prefix_that_it_is_shipped_under() -> None:
    name = stream("aaaaaaaa", "web").format(instance_id="i-1")
    (source,) = sources(GROUPS, HOST, "web", ["aaaaaaaa"])
    assert source.group == GROUPS["web"]
    assert name.startswith(source.prefix)
    assert source.line(event(7, name)) == Line(7, "web", "aaaaaaaa", "i-1", "hello")
    assert source.line(event(7, stream("bbbbbbbb", "web").format(instance_id="i-2"))) is None


def test_boots_are_in_every_group_and_a_process_is_without_them() -> None:
    assert {source.group for source in sources(GROUPS, HOST, "boot", [])} == set(GROUPS.values())
    (web,) = sources(GROUPS, HOST, "web", [])
    assert web.line(event(7, "aaaaaaaa/i-1/boot")) is None
    everything = sources(GROUPS, HOST, "", [])
    assert {source.group for source in everything} == {*GROUPS.values(), HOST}
    boot = everything[0].line(event(7, "aaaaaaaa/i-1/boot"))
    assert boot is not None
    assert boot.process == "boot"


def test_the_operations_host_is_of_no_release() -> None:
    (host,) = sources(GROUPS, HOST, "operations", [])
    assert host.line(event(7, "i-9/migrate")) == Line(7, "operations", "", "i-9", "hello")
    assert HOST not in {source.group for source in sources(GROUPS, HOST, "", ["aaaaaaaa"])}
    with pytest.raises(CommandError, match="of no release"):
        sources(GROUPS, HOST, "operations", ["aaaaaaaa"])


def test_an_unknown_process_is_told_the_known_ones() -> None:
    with pytest.raises(CommandError, match="web, worker, boot, operations"):
        sources(GROUPS, HOST, "wrker", [])


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172800)])
def test_a_span_of_time_is_read_as_people_write_it(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "10 m", "1.5h", "10m!", "5w"])
def test_what_is_no_span_of_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CommandError, match="1h30m"):
        seconds(text)


def test_a_message_cannot_move_the_terminals_cursor() -> None:
    assert harmless("a\tb\x1b[2Jc\rd\x9be") == "a\tb\ufffd[2Jc\ufffdd\ufffde"


@given(st.lists(st.lists(st.integers(0, 20), max_size=8), max_size=4))
def test_streams_that_are_in_order_are_merged_into_one_that_is(moments: list[list[int]]) -> None:
    async def lines(number: int) -> AsyncIterator[Line]:
        for at in sorted(moments[number]):
            yield Line(at, str(number), "", "", "")

    async def all_of_it() -> list[Line]:
        return [line async for line in merged([lines(number) for number in range(len(moments))])]

    found = asyncio.run(all_of_it())
    assert [line.at for line in found] == sorted(at for each in moments for at in each)


def test_pages_of_several_groups_are_told_in_the_order_of_time() -> None:
    web = Logs(*(event(at, message=f"web {at}") for at in range(0, 20, 2)))
    worker = Logs(*(event(at, "aaaaaaaa/i-2/worker", f"worker {at}") for at in range(1, 20, 2)), page=2)
    found = said(Reader(web, Source("web"), 4), Reader(worker, Source("worker"), 4))
    assert found == [f"{('web', 'worker')[at % 2]} {at}" for at in range(4, 20)]


def test_what_is_followed_is_told_once_though_it_comes_late_or_in_the_same_moment() -> None:
    logs = Logs(event(100_000, message="first"))
    late = [
        event(100_000, message="same moment"),
        event(100_001 - LATE_MS, message="late"),
        event(100_001, message="next"),
    ]
    random.Random(7).shuffle(late)

    class Enough(Exception):
        pass

    async def sleep(_: float) -> None:
        if not late:
            raise Enough
        logs.events.append(late.pop())

    async def watch() -> list[str]:
        found = []
        try:
            async for line in followed([Reader(logs, Source("web"), 50_000)], sleep):
                found.append(line.message)
        except Enough:
            pass
        return found

    assert sorted(asyncio.run(watch())) == ["first", "late", "next", "same moment"]
    # Not from the beginning again, for ever.
    assert logs.asked[-1]["startTime"] >= 100_000 - LATE_MS


@pytest.mark.parametrize(
    "error", [Refused("filter", "AccessDenied", "no"), Busy("filter", 9, 20.0, "HTTP 500")]
)
def test_an_answer_that_does_not_come_is_told_with_the_group(error: Exception) -> None:
    async def ask(action: str, patience: float = 0.0, /, **_: Any) -> Mapping[str, Any]:
        assert patience > 0
        raise error

    with pytest.raises(CommandError, match="the log group /app/dev/web-1 could not be read"):
        said(Reader(ask, Source(GROUPS["web"]), 0))
