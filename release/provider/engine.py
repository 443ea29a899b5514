"""The engine that started this provider: lines for its display, and noticing when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from release.provider.ports import Voice

PERIOD_SECONDS = 0.4
LINE_SECONDS = 0.9
_PATIENCE_SECONDS = 2.0
_TRIES = 2


class Engine:
    """The engine at `address` (`127.0.0.1:PORT`). Nothing here raises when the engine does not answer."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.aio.insecure_channel(address)
        self._stub: Any = engine_pb2_grpc.EngineStub(self._channel)
        self._saying: dict[str, asyncio.Task[None]] = {}

    def voice(self, urn: str) -> Voice:
        """Lines in the row of the resource `urn`: those said are replaced by the next, those noted stay."""

        shown, shown_at = "", float("-inf")

        async def say(line: str) -> None:
            nonlocal shown, shown_at
            now = asyncio.get_running_loop().time()
            # Where there is no terminal each line is printed; and a slow display must not slow down what is watched.
            if line != shown and now - shown_at >= LINE_SECONDS and self._idle(urn):
                shown, shown_at = line, now
                self._saying[urn] = asyncio.create_task(self._log(urn, line, ephemeral=True))

        async def note(line: str) -> None:
            await self._log(urn, line, ephemeral=False)

        return Voice(say, note)

    async def trace(self, text: str) -> None:
        """A text that only `pulumi up --debug` shows."""
        await self._log("", text, ephemeral=False, severity=engine_pb2.DEBUG)

    async def watch(self, lost: Callable[[], None]) -> None:
        """Call `lost`, once, within about a second of the engine's death; return then."""
        missed = 0
        while missed < _TRIES:
            try:
                await self._stub.GetRootResource(
                    engine_pb2.GetRootResourceRequest(), timeout=_PATIENCE_SECONDS
                )
                missed = 0
            except grpc.aio.AioRpcError as error:
                # An engine that is busy, or that does not know the question, is an engine.
                missed = missed + 1 if error.code() is grpc.StatusCode.UNAVAILABLE else 0
            await asyncio.sleep(PERIOD_SECONDS if missed == 0 else PERIOD_SECONDS / 4)
        lost()

    def _idle(self, urn: str) -> bool:
        return urn not in self._saying or self._saying[urn].done()

    async def _log(self, urn: str, message: str, *, ephemeral: bool, severity: int = engine_pb2.INFO) -> None:
        request = engine_pb2.LogRequest(
            severity=severity,  # type: ignore[arg-type]
            message=message,
            urn=urn,
            ephemeral=ephemeral,
        )
        with contextlib.suppress(grpc.aio.AioRpcError):
            await self._stub.Log(request, timeout=_PATIENCE_SECONDS)
