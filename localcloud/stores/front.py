"""The TLS that stands before a database or a cache: `python -m localcloud.stores.front CONFIGURATION`.

Neither the PostgreSQL nor the Valkey that the wheels carry was built with TLS, and on AWS both endpoints speak it;
so a process of its own listens on the endpoint's address and true port, and forwards to the server's unix socket.
SIGHUP makes it read its configuration again, for new connections. It needs nothing but the standard library.
"""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

from localcloud.stores.greeting import Greeting, greeting, refusal

GREETING_SECONDS = 60.0
"""PostgreSQL's own authentication_timeout."""
HANDSHAKE_SECONDS = 20.0
BACKLOG = 512

Mode = Literal["postgresql", "tls", "clear"]


@dataclass(frozen=True)
class FrontConfiguration:
    """`postgresql`: TLS is asked for inside the protocol. `tls`: from the first byte. `clear`: none.

    `tls_only` is RDS's `rds.force_ssl`.
    """

    address: str
    port: int
    socket: str
    mode: Mode
    certificate: str = ""
    key: str = ""
    tls_only: bool = True

    def text(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def read(cls, path: Path) -> FrontConfiguration:
        return cls(**json.loads(path.read_text()))


class Front:
    """What new connections go by."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.read()

    def read(self) -> None:
        self.configuration = FrontConfiguration.read(self._path)
        self.tls: ssl.SSLContext | None = None
        if self.configuration.mode != "clear":
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.minimum_version = ssl.TLSVersion.TLSv1_2
            self.tls.load_cert_chain(self.configuration.certificate, self.configuration.key)


class Server(asyncio.Protocol):
    """The side of a connection that looks to the server's unix socket."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._client.transport.write(data)

    def pause_writing(self) -> None:
        self._client.transport.pause_reading()

    def resume_writing(self) -> None:
        self._client.transport.resume_reading()

    def connection_lost(self, _reason: Exception | None) -> None:
        self._client.transport.close()


class Client(asyncio.Protocol):
    """The side of a connection that looks to the application."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._held = bytearray()
        self._server: Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._encrypted = front.configuration.mode == "tls"
        self._busy = False
        """Nothing that came is looked at while the connection changes to TLS or the server is called."""
        self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._deadline = asyncio.get_running_loop().call_later(GREETING_SECONDS, self._too_late)
        if self._front.configuration.mode != "postgresql":
            self._call()

    def data_received(self, data: bytes) -> None:
        if self._server is not None:
            self._server.transport.write(data)
            return
        self._held += data
        self._look()

    def pause_writing(self) -> None:
        if self._server is not None:
            self._server.transport.pause_reading()

    def resume_writing(self) -> None:
        if self._server is not None:
            self._server.transport.resume_reading()

    def connection_lost(self, _reason: Exception | None) -> None:
        self._closed = True
        self._deadline.cancel()
        if self._server is not None:
            self._server.transport.close()

    def _too_late(self) -> None:
        if self._server is None:
            self.transport.abort()

    def _look(self) -> None:
        if self._busy:
            return
        seen = greeting(bytes(self._held))
        if seen.kind == "wrong":
            self.transport.abort()
        elif seen.kind == "gss":
            del self._held[: seen.length]
            self.transport.write(b"N")
            self._look()
        elif seen.kind == "ssl":
            self._secure(seen)
        elif seen.kind == "startup" and not self._encrypted and self._front.configuration.tls_only:
            host = self.transport.get_extra_info("peername")[0]
            self.transport.write(refusal(host, seen.said))
            self.transport.close()
        elif seen.kind in ("startup", "cancel"):
            self._call()

    def _secure(self, seen: Greeting) -> None:
        if self._encrypted or len(self._held) > seen.length:
            # What comes before the encryption is not to be taken for what comes inside it (CVE-2021-23214).
            self.transport.abort()
            return
        self._held.clear()
        # The client's hello must be read by TLS and not by this.
        self.transport.pause_reading()
        self.transport.write(b"S")
        self._do(self._upgrade)

    async def _upgrade(self) -> None:
        assert self._front.tls is not None
        secured = await asyncio.get_running_loop().start_tls(
            self.transport,
            self,
            self._front.tls,
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_SECONDS,
        )
        assert secured is not None
        self.transport = secured
        self._encrypted = True
        self._busy = False
        self._look()

    def _call(self) -> None:
        self.transport.pause_reading()
        self._do(self._connect)

    async def _connect(self) -> None:
        _, server = await asyncio.get_running_loop().create_unix_connection(
            lambda: Server(self), self._front.configuration.socket
        )
        self._deadline.cancel()
        if self._closed:
            server.transport.close()
            return
        server.transport.write(bytes(self._held))
        self._held.clear()
        self._server = server
        self.transport.resume_reading()

    def _do(self, work: Callable[[], Any]) -> None:
        self._busy = True
        task = asyncio.get_running_loop().create_task(self._or_abort(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _or_abort(self, work: Callable[[], Any]) -> None:
        try:
            await work()
        except OSError:
            # A failed handshake, a server that is just not there: a client of AWS sees a closed connection.
            self.transport.abort()


async def serve(path: Path) -> None:
    """Forward until SIGTERM."""
    front = Front(path)
    at = front.configuration
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGHUP, front.read)
    listening = await loop.create_server(
        lambda: Client(front),
        at.address,
        at.port,
        backlog=BACKLOG,
        ssl=front.tls if at.mode == "tls" else None,
        ssl_handshake_timeout=HANDSHAKE_SECONDS if at.mode == "tls" else None,
    )
    await ended.wait()
    # Not waited for: that would be until the last connection ends by itself.
    listening.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
