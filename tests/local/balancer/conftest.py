"""What the balancer's tests stand on: small targets that can misbehave, and an Envoy on addresses of its own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from localcloud.balancer.envoy import EnvoyBalancer
from localcloud.load.destination import Destination
from localcloud.load.generator import Schedule
from localcloud.load.mix import Mix
from localcloud.load.run import run
from localcloud.parts import (
    Action,
    BalancerState,
    HealthCheck,
    ListenerState,
    Rule,
    Target,
    TargetGroupState,
)

_addresses = (
    f"127.{200 + os.getpid() % 50}.{a}.{b}" for a, b in itertools.product(range(250), range(1, 250))
)


class Backend:
    """A target: answers with its release's id; every way of failing is a switch."""

    def __init__(self, release: str) -> None:
        self.release = release
        self.address = next(_addresses)
        self.port = 0
        self.health = 200
        self.hung = False
        self.reset = False
        self.seen: list[str] = []
        self.heads: list[str] = []
        self.in_flight = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> Backend:
        self._server = await asyncio.start_server(self._serve, self.address, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def kill(self) -> None:
        """As a killed process: no port, and every connection is closed, whatever it was doing."""
        if self._server:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                path = head.split(" ")[1]
                if self.hung:
                    await asyncio.sleep(3600)
                if path != "/healthz":
                    self.seen.append(path)
                    self.heads.append(head.lower())
                    if self.reset:
                        # Without lingering a close is a reset.
                        opened = writer.get_extra_info("socket")
                        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        break
                if "upgrade: websocket" in head.lower():
                    writer.write(
                        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
                    )
                    while data := await reader.read(100):
                        writer.write(data.upper())
                    break
                self.in_flight += 1
                if path.startswith("/slow"):
                    await asyncio.sleep(float(path.partition("=")[2]))
                status = (
                    self.health if path == "/healthz" else int(path[8:] if path[:8] == "/status/" else 200)
                )
                body = json.dumps({"release": self.release}).encode()
                close = "connection: close" in head.lower()
                writer.write(
                    f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nx-release: {self.release}\r\n"
                    f"{'connection: close' if close else 'x: y'}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
                self.in_flight -= 1
                if close:
                    break
        self._writers.discard(writer)
        writer.close()


class Stage:
    """One load balancer with an Envoy, its state written as tests read it."""

    def __init__(self, balancer: EnvoyBalancer) -> None:
        self.balancer = balancer
        self.address = next(_addresses)
        # The address is nobody else's; a port that the kernel proposes may be a connection's a moment later.
        self.port = 8080
        self.check = HealthCheck(path="/healthz", interval=0.2, timeout=0.5, healthy=2, unhealthy=2)
        self.idle_timeout = 60.0
        self.destination = Destination("stage.test", self.address, self.port, "/")

    def group(self, name: str, *targets: Backend, draining: tuple[Backend, ...] = ()) -> TargetGroupState:
        listed = tuple(Target(t.address, t.port, t in draining) for t in (*targets, *draining))
        return TargetGroupState(f"arn:test:targetgroup/{name}/1", name, self.check, listed)

    def state(
        self, groups: tuple[TargetGroupState, ...], weights: tuple[int, ...], rules: tuple[Rule, ...] = ()
    ) -> tuple[BalancerState, ...]:
        """The main rule has number 40000; groups without a weight are only there for `rules`."""
        forward = Action("forward", tuple((g.arn, w) for g, w in zip(groups, weights, strict=False)))
        main = Rule(40000, forward, path_patterns=("/*",))
        default = Action("fixed-response", status=503, body="no release")
        listener = ListenerState(
            "arn:test:listener", self.port, default, (*rules, main) if weights else rules
        )
        return (
            BalancerState(
                "arn:test:loadbalancer/app/x/1", self.address, (listener,), groups, self.idle_timeout
            ),
        )

    async def apply(self, state: tuple[BalancerState, ...]) -> None:
        await asyncio.to_thread(self.balancer.apply, state)

    async def serve(
        self, groups: tuple[TargetGroupState, ...], weights: tuple[int, ...], rules: tuple[Rule, ...] = ()
    ) -> None:
        """Apply, and wait until every target that takes part is healthy."""
        await self.apply(self.state(groups, weights, rules))
        for group in groups:
            await self.until(lambda arn=group.arn: self.states(arn) <= {"healthy"})

    def states(self, arn: str) -> set[str]:
        return {seen.state for seen in self.balancer.health(arn).values()}

    async def until(self, condition: Callable[[], bool], patience: float = 5.0) -> float:
        """Wait for a condition; answers the seconds that it took."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        while not await asyncio.to_thread(condition):
            assert loop.time() - start < patience, "the condition has not come true"
            await asyncio.sleep(0.02)
        return loop.time() - start

    async def get(self, path: str = "/", **headers: str) -> tuple[int, dict[str, str], str]:
        """One request on a fresh connection: status, headers, body."""
        reader, writer = await asyncio.open_connection(self.address, self.port)
        lines = {"host": "stage.test", "connection": "close", **headers}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
        writer.write(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        raw = (await reader.read()).decode()
        writer.close()
        top, _, body = raw.partition("\r\n\r\n")
        first, *rest = top.split("\r\n")
        return int(first.split(" ")[1]), dict(line.lower().split(": ", 1) for line in rest), body

    async def release(self, path: str = "/", **headers: str) -> str:
        """The release that answers one request on a fresh connection."""
        return (await self.get(path, **headers))[1].get("x-release", "")

    def load(self, rate: float, seconds: float, **shares: float) -> Awaitable[dict[str, object]]:
        """Load that runs beside the test; the slow share asks for half a second."""
        return asyncio.ensure_future(
            run(self.destination, Schedule(rate, seconds, 5), Mix(**shares), slow_path="/slow=0.5")
        )


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    balancer = await asyncio.to_thread(EnvoyBalancer, tmp_path / "balancer")
    yield Stage(balancer)
    await asyncio.to_thread(balancer.close)


@pytest.fixture
async def backend() -> AsyncIterator[Callable[[str], Awaitable[Backend]]]:
    """Starts targets by the name of their release."""
    started: list[Backend] = []

    async def start(release: str) -> Backend:
        started.append(Backend(release))
        return await started[-1].start()

    yield start
    for one in started:
        await one.kill()
