"""The server: on this machine's loopback alone, until somebody ends it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import uvicorn

from release.errors import CommandRefused

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from release.dashboard.reader import Reader

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """A socket on the loopback; 0 is any port that is free. Raises CommandError where the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise CommandRefused(
            f"the page cannot be served on port {port}",
            expected=f"a free port on {HOST}",
            seen=(error.strerror or str(error)).lower(),
            state="nothing was started",
            next="release dashboard --port 0   (any port that is free)",
        ) from None
    return listening


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """An end that somebody asked for is a good one: uvicorn would raise the signal again."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for each in signals:
            loop.add_signal_handler(each, self.stop)
        try:
            yield
        finally:
            for each in signals:
                loop.remove_signal_handler(each)

    def stop(self) -> None:
        self.should_exit = self.force_exit = True


async def serve(listening: socket.socket, app: ASGIApp, reader: Reader) -> None:
    """Answer until SIGINT or SIGTERM, or until it is cancelled, which cuts all connections. An error of the reader ends
    it as well.
    """
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=100,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    reading = asyncio.create_task(reader.run())
    reading.add_done_callback(lambda _: server.stop())
    try:
        await asyncio.shield(serving)
    finally:
        server.stop()
        await serving
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
