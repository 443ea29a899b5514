"""The bridge as the engine has it: a process that prints a port, spoken to by Pulumi's provider protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from localcloud.engine.aws.values import from_struct, to_struct

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
START_SECONDS = 30


@dataclass(frozen=True)
class Resource:
    """What the engine's state has of a resource."""

    type: str
    name: str
    id: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: struct_pb2.Struct = field(default_factory=struct_pb2.Struct)

    @property
    def urn(self) -> str:
        return f"urn:pulumi:test::demo::{self.type}::{self.name}"

    @property
    def properties(self) -> dict[str, Any]:
        return from_struct(self.outputs)


class Rejected(Exception):
    """Check found something; `failures` by property."""

    def __init__(self, failures: dict[str, str]) -> None:
        super().__init__(str(failures))
        self.failures = failures


class BridgeProcess:
    def __init__(self, environ: Mapping[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localcloud.engine.aws", *arguments],
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        port = self.process.stdout.readline().strip()
        assert port, f"the bridge ended with {self.process.wait()} before it printed its port"
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in path.read_text().split()]

    def close(self) -> None:
        self.channel.close()
        self.process.terminate()
        self.process.wait(10)

    def configure(self, arguments: Mapping[str, Any] | None = None) -> None:
        self.stub.Handshake(provider_pb2.ProviderHandshakeRequest())
        request = provider_pb2.ConfigureRequest(args=to_struct(arguments or {}))
        self.stub.Configure(request, timeout=START_SECONDS)

    def check(
        self, type: str, name: str, inputs: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        urn = Resource(type, name).urn
        answer = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn,
                name=name,
                type=type,
                news=to_struct(inputs),
                olds=to_struct(olds or {}),
                randomSeed=name.encode(),
            )
        )
        if answer.failures:
            raise Rejected({failure.property: failure.reason for failure in answer.failures})
        return from_struct(answer.inputs)

    def create(self, type: str, name: str, inputs: Mapping[str, Any], timeout: float = 0) -> Resource:
        checked = self.check(type, name, inputs)
        urn = Resource(type, name).urn
        answer = self.stub.Create(
            provider_pb2.CreateRequest(
                urn=urn, name=name, type=type, properties=to_struct(checked), timeout=timeout
            )
        )
        return Resource(type, name, answer.id, checked, answer.properties)

    def preview_create(self, type: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        checked = self.check(type, name, inputs)
        urn = Resource(type, name).urn
        answer = self.stub.Create(
            provider_pb2.CreateRequest(
                urn=urn, name=name, type=type, properties=to_struct(checked), preview=True
            )
        )
        assert answer.id == ""
        return from_struct(answer.properties)

    def diff(
        self, resource: Resource, inputs: Mapping[str, Any], ignore: tuple[str, ...] = ()
    ) -> provider_pb2.DiffResponse:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                urn=resource.urn,
                name=resource.name,
                type=resource.type,
                id=resource.id,
                olds=resource.outputs,
                old_inputs=to_struct(resource.inputs),
                news=to_struct(self.check(resource.type, resource.name, inputs, resource.inputs)),
                ignoreChanges=ignore,
            )
        )

    def update(
        self,
        resource: Resource,
        inputs: Mapping[str, Any],
        ignore: tuple[str, ...] = (),
        preview: bool = False,
        timeout: float = 0,
    ) -> Resource:
        checked = self.check(resource.type, resource.name, inputs, resource.inputs)
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                urn=resource.urn,
                name=resource.name,
                type=resource.type,
                id=resource.id,
                olds=resource.outputs,
                old_inputs=to_struct(resource.inputs),
                news=to_struct(checked),
                ignoreChanges=ignore,
                preview=preview,
                timeout=timeout,
            )
        )
        return Resource(resource.type, resource.name, resource.id, checked, answer.properties)

    def read(self, resource: Resource) -> Resource:
        """The refreshed resource; its id is empty when AWS has none."""
        answer = self.stub.Read(
            provider_pb2.ReadRequest(
                urn=resource.urn,
                name=resource.name,
                type=resource.type,
                id=resource.id,
                properties=resource.outputs,
                inputs=to_struct(resource.inputs),
            )
        )
        return Resource(
            resource.type, resource.name, answer.id, from_struct(answer.inputs), answer.properties
        )

    def import_(self, type: str, name: str, identity: str) -> Resource:
        return self.read(Resource(type, name, identity))

    def delete(self, resource: Resource, timeout: float = 0) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                urn=resource.urn,
                name=resource.name,
                type=resource.type,
                id=resource.id,
                properties=resource.outputs,
                old_inputs=to_struct(resource.inputs),
                timeout=timeout,
            )
        )

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=to_struct(arguments)))
        if answer.failures:
            raise Rejected({failure.property: failure.reason for failure in answer.failures})
        return from_struct(getattr(answer, "return"))
