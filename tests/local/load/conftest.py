"""A server that fails on purpose, in known ways and a known number of times."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from localcloud.load.destination import Destination
from localcloud.load.generator import Schedule
from localcloud.load.mix import Mix
from localcloud.load.run import run


class Failing:
    """Treats its n-th request as `script[n % len(script)]` says and counts what it did."""

    def __init__(self) -> None:
        self.script: tuple[str, ...] = ("well",)
        self.did: Counter[str] = Counter()
        self.connections = 0
        self.stalled_until = 0.0
        self.close_idle_after: float | None = None
        self._served = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> Failing:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        if self._server:
            self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def load(self, rate: float, seconds: float, timeout: float = 5, **mix: float) -> dict[str, Any]:
        to = Destination("test", "127.0.0.1", self.port, "/")
        return await run(to, Schedule(rate, seconds, timeout), Mix(**mix), "/slow", "/upload", 100_000)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                if self.close_idle_after is not None:
                    await asyncio.sleep(self.close_idle_after)
                    break
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = head.partition("content-length: ")[2].partition("\r\n")[0]
        body = await reader.readexactly(int(length or 0))
        kind = self.script[self._served % len(self.script)]
        self._served += 1
        self.did[kind] += 1
        await asyncio.sleep(self.stalled_until - asyncio.get_running_loop().time())
        if "/slow" in head:
            await asyncio.sleep(0.5)
        if kind == "hang":
            await asyncio.sleep(3600)
        if kind == "reset":
            # Without lingering a close is a reset.
            opened = writer.get_extra_info("socket")
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if kind == "close":
            return False
        if kind == "nonsense":
            writer.write(b"220 mail.test ESMTP\r\n\r\n")
            return False
        digest = hashlib.sha256(body if kind != "garble" else b"other").hexdigest()
        answer = json.dumps({"release": "fromjson", "length": len(body), "sha256": digest}).encode()
        status = int(kind) if kind.isdigit() else 200
        named = "" if kind == "unnamed" else "X-Release: r1\r\n"
        close = "connection: close" in head
        told = f"HTTP/1.1 {status} X\r\ncontent-length: {len(answer)}\r\n{named}"
        if kind == "chunked":
            told = f"HTTP/1.1 {status} X\r\ntransfer-encoding: chunked\r\n{named}"
            answer = b"%x\r\n%s\r\n3;x=y\r\nabc\r\n0\r\n\r\n" % (len(answer), answer)
        if kind == "cut":
            answer = answer[:10]
        writer.write(f"{told}{'connection: close' if close else 'x: y'}\r\n\r\n".encode() + answer)
        await writer.drain()
        return kind != "cut" and not close


@pytest.fixture
async def server() -> AsyncIterator[Failing]:
    failing = await Failing().start()
    yield failing
    await failing.stop()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.01)

    return wait
