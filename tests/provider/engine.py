"""The engine, as far as a provider sees it: starts the process, asks over gRPC, shows lines, cancels and dies."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf import empty_pb2, struct_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from release.provider.inputs import plain, wired

GATE, SHIFT, HANDOVER = "HealthGate", "TrafficShift", "Handover"


class _Lines(engine_pb2_grpc.EngineServicer):
    def __init__(self) -> None:
        self.said: list[str] = []
        self.noted: list[str] = []

    async def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        (self.said if request.ephemeral else self.noted).append(request.message)
        return empty_pb2.Empty()

    async def GetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        return engine_pb2.GetRootResourceResponse()


def urn(kind: str) -> str:
    return f"urn:pulumi:dev::shop::uneventful:index:{kind}::{kind.lower()}"


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    return PropertyValue.marshal_map(
        {name: value if isinstance(value, PropertyValue) else wired(value) for name, value in values.items()}
    )


def values(answered: struct_pb2.Struct) -> dict[str, Any]:
    return {name: plain(value) for name, value in PropertyValue.unmarshal_map(answered).items()}


@dataclass
class Engine:
    """One engine with one provider process, which finds AWS by `variables`."""

    variables: Mapping[str, str]
    lines: _Lines = field(default_factory=_Lines)

    async def start(self) -> None:
        self._server = grpc.aio.server()
        engine_pb2_grpc.add_EngineServicer_to_server(self.lines, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "release.provider.main",
            f"127.0.0.1:{port}",
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **self.variables},
        )
        assert self.process.stdout
        own = int(await asyncio.wait_for(self.process.stdout.readline(), 10))
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{own}")
        self.provider: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)
        await self.provider.Configure(provider_pb2.ConfigureRequest(acceptSecrets=True))

    def spent(self) -> float:
        """CPU time of the provider so far, in seconds; unlike the time that passes, it is nobody else's."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def die(self) -> None:
        """As by `kill -9`: every connection is closed, nobody says goodbye."""
        await self._channel.close(None)
        await self._server.stop(None)

    async def close(self) -> None:
        await self.die()
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def check(self, kind: str, inputs: Mapping[str, Any]) -> dict[str, str]:
        answer = await self.provider.Check(provider_pb2.CheckRequest(urn=urn(kind), news=struct(inputs)))
        return {failure.property: failure.reason for failure in answer.failures}

    async def create(self, kind: str, inputs: Mapping[str, Any], *, preview: bool = False) -> dict[str, Any]:
        request = provider_pb2.CreateRequest(urn=urn(kind), properties=struct(inputs), preview=preview)
        answer = await self.provider.Create(request)
        return {"id": answer.id, **values(answer.properties)}

    async def update(self, kind: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(urn=urn(kind), id="x", olds=struct(olds), news=struct(news))
        answer = await self.provider.Update(request)
        return values(answer.properties)

    async def diff(self, kind: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Any:
        request = provider_pb2.DiffRequest(urn=urn(kind), id="x", olds=struct(olds), news=struct(news))
        return await self.provider.Diff(request)

    async def read(self, kind: str, properties: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        request = provider_pb2.ReadRequest(urn=urn(kind), id="x", properties=struct(properties))
        answer = await self.provider.Read(request)
        return answer.id, values(answer.properties)

    async def delete(self, kind: str, properties: Mapping[str, Any]) -> None:
        await self.provider.Delete(
            provider_pb2.DeleteRequest(urn=urn(kind), id="x", properties=struct(properties))
        )

    async def cancel(self) -> None:
        await self.provider.Cancel(empty_pb2.Empty())
