"""The network between whoever drives a release and AWS's API, which can be cut: then nothing arrives any more."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from urllib.parse import urlsplit


class Network:
    """A way to `endpoint` (a URL) at `url`. While it is cut, bytes are kept back in both directions, nobody is told."""

    def __init__(self, endpoint: str) -> None:
        to = urlsplit(endpoint)
        assert to.hostname
        assert to.port
        self._to = (to.hostname, to.port)
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()
        serving = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=256), self._loop
        ).result(10)
        self.url = f"http://127.0.0.1:{serving.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def mend(self) -> None:
        self._loop.call_soon_threadsafe(self._flowing.set)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection(*self._to)
            await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while some := await reader.read(65536):
                await self._flowing.wait()
                writer.write(some)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
