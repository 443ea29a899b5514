"""The engine's side of a command provider: the real process, spoken to as the engine speaks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
from google.protobuf import empty_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc

URN = "urn:pulumi:dev::uneventful::{type}::it"


class Lines(engine_pb2_grpc.EngineServicer):
    """The engine's log, kept."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.more = asyncio.Event()

    async def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.shown.append(request.message)
        self.more.set()
        return empty_pb2.Empty()


def values(value: Any) -> PropertyValue:
    if isinstance(value, dict):
        return PropertyValue({name: values(item) for name, item in value.items()})
    if isinstance(value, list):
        return PropertyValue([values(item) for item in value])
    return value if isinstance(value, PropertyValue) else PropertyValue(value)


def struct(properties: dict[str, Any]) -> Any:
    return PropertyValue.marshal_map({name: values(value) for name, value in properties.items()})


class Provider:
    """One running `python -m localcloud.engine.command`."""

    def __init__(self, stub: Any, lines: Lines) -> None:
        self.stub = stub
        self.lines = lines

    async def check(self, token: str, properties: dict[str, Any]) -> dict[str, str]:
        answer = await self.stub.Check(
            provider_pb2.CheckRequest(urn=URN.format(type=token), type=token, news=struct(properties))
        )
        return {failure.property: failure.reason for failure in answer.failures}

    async def create(self, token: str, timeout: float = 0, preview: bool = False, **properties: Any) -> Any:
        return await self.stub.Create(
            provider_pb2.CreateRequest(
                urn=URN.format(type=token),
                type=token,
                properties=struct(properties),
                timeout=timeout,
                preview=preview,
            )
        )

    async def diff(self, token: str, old: dict[str, Any], new: dict[str, Any]) -> Any:
        return await self.stub.Diff(
            provider_pb2.DiffRequest(
                id="it",
                urn=URN.format(type=token),
                type=token,
                olds=struct({**old, "stdout": "", "stderr": ""}),
                old_inputs=struct(old),
                news=struct(new),
            )
        )

    async def update(self, token: str, state: Any, **properties: Any) -> Any:
        return await self.stub.Update(
            provider_pb2.UpdateRequest(
                id="it", urn=URN.format(type=token), type=token, olds=state, news=struct(properties)
            )
        )

    async def delete(self, token: str, state: Any) -> None:
        await self.stub.Delete(
            provider_pb2.DeleteRequest(id="it", urn=URN.format(type=token), type=token, properties=state)
        )

    async def cancel(self) -> None:
        await self.stub.Cancel(empty_pb2.Empty())


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    engine = grpc.aio.server()
    lines = Lines()
    engine_pb2_grpc.add_EngineServicer_to_server(lines, engine)
    port = engine.add_insecure_port("127.0.0.1:0")
    await engine.start()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "localcloud.engine.command",
        f"127.0.0.1:{port}",
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        address = f"127.0.0.1:{int(await process.stdout.readline())}"
        async with grpc.aio.insecure_channel(address) as channel:
            yield Provider(provider_pb2_grpc.ResourceProviderStub(channel), lines)
    finally:
        process.kill()
        await process.wait()
        await engine.stop(0)
