"""Probes name what they saw, whatever answers them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from release.probes import Answer, HttpProbes, kinds

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(talk: Talk) -> AsyncIterator[str]:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await talk(reader, writer)
        writer.close()

    serving = await asyncio.start_server(once, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{serving.sockets[0].getsockname()[1]}/healthz"
    finally:
        serving.close()


def saying(text: str) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text.replace("\n", "\r\n").encode())
        await writer.drain()

    return talk


GOOD = '{"release": "c0ffee12"}'


@pytest.mark.parametrize(
    ("said", "release", "failure"),
    [
        (f"HTTP/1.1 200 OK\nContent-Length: {len(GOOD)}\n\n{GOOD}", "c0ffee12", ""),
        (f"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n{len(GOOD):x}\n{GOOD}\n0\n\n", "c0ffee12", ""),
        (f"HTTP/1.0 200 OK\n\n{GOOD}", "c0ffee12", ""),
        (f"HTTP/1.1 500 Oh\nContent-Length: {len(GOOD)}\n\n{GOOD}", "c0ffee12", "500"),
        ("HTTP/1.1 503 No\nContent-Length: 10\n\nno release", "", "503"),
        ("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", "", "no release named"),
        ("HTTP/1.1 200 OK\nContent-Length: 2\n\n[]", "", "no release named"),
        ('HTTP/1.1 200 OK\nContent-Length: 14\n\n{"release": 7}', "", "no release named"),
        ("HTTP/1.1 200 OK\nContent-Length: 99\n\nhello", "", "closed"),
        ("SSH-2.0-OpenSSH_9.2\n\n", "", "not HTTP"),
        ("", "", "closed"),
    ],
)
async def test_each_kind_of_answer_has_its_name(said: str, release: str, failure: str) -> None:
    async with server(saying(said)) as url:
        (answer,) = await HttpProbes(url).volley(1)
    assert (answer.release, answer.failure) == (release, failure)


async def test_a_target_that_accepts_and_never_answers_is_given_up_after_2_seconds() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server(talk) as url:
        (answer,) = await HttpProbes(url).volley(1)
    assert answer.failure == "no answer in 2 s"
    assert 1.9 < answer.seconds < 3


async def test_a_closed_port_and_an_unknown_host_are_told_apart() -> None:
    async with server(saying("")) as url:
        pass
    assert (await HttpProbes(url).volley(1))[0].failure == "refused"
    assert (await HttpProbes("http://nowhere.invalid/healthz").volley(2))[1].failure == "unreachable"


async def test_each_probe_is_a_connection_of_its_own_with_the_headers_asked_for() -> None:
    peers: set[object] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.add(writer.get_extra_info("peername"))
        await saying(f"HTTP/1.1 200 OK\nContent-Length: {len(GOOD)}\n\n{GOOD}")(reader, writer)

    seen: list[bytes] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        await talk(reader, writer)
        writer.close()

    serving = await asyncio.start_server(once, "127.0.0.1", 0)
    port = serving.sockets[0].getsockname()[1]
    await HttpProbes(f"http://127.0.0.1:{port}/healthz?x=1", {"X-Uneventful-Release": "c0ffee12.key"}).volley(
        10
    )
    serving.close()
    assert len(peers) == 10
    assert seen[0].startswith(b"GET /healthz?x=1 HTTP/1.1\r\n")
    assert b"X-Uneventful-Release: c0ffee12.key\r\n" in seen[0]
    assert f"Host: 127.0.0.1:{port}\r\n".encode() in seen[0]


def test_kinds_are_counted_most_frequent_first() -> None:
    answers = [Answer("", failure, 0.1) for failure in ["refused", "503", "503", ""]]
    assert kinds(answers) == "503 ×2, refused ×1"
    assert kinds([]) == ""


class CancelledAtTheLookup(HttpProbes):
    """Whoever sends the volley is cancelled in the very moment in which the addresses are there."""

    volley_task: asyncio.Task[tuple[Answer, ...]]

    async def _addresses(self) -> Sequence[str]:
        self.volley_task.cancel()
        return ["127.0.0.1"]


async def test_a_cancel_that_comes_together_with_the_addresses_is_not_lost() -> None:
    probes = CancelledAtTheLookup("http://127.0.0.1:1/healthz")
    probes.volley_task = asyncio.create_task(probes.volley(1))
    with pytest.raises(asyncio.CancelledError):
        await probes.volley_task
