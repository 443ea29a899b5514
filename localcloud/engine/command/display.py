"""Lines in Pulumi's own display, in the row of the resource that they belong to."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from typing import cast

import grpc
import grpc.aio
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


class Display:
    """The engine's log. A line that cannot be shown, since the engine is gone, is dropped."""

    def __init__(self, engine: str) -> None:
        """`engine` is the address that the engine gives a plugin as its first argument."""
        self._stub = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(engine)) if engine else None

    async def line(self, urn: str, text: str) -> None:
        if self._stub is None:
            return
        with suppress(grpc.RpcError):
            request = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=text, urn=urn)
            await cast("Awaitable[object]", self._stub.Log(request))
