"""The provider `uneventful`: hands each request to the resource type that it is about."""

from __future__ import annotations

import asyncio

from pulumi.provider.experimental import provider as sdk
from typing_extensions import override

from release.errors import CommandRefused
from release.provider.engine import Engine
from release.provider.handover import Handover
from release.provider.health_gate import HealthGate
from release.provider.notebook import WRITING_SECONDS, Notebook
from release.provider.operations import Operations
from release.provider.outside import Outside
from release.provider.traffic_shift import TrafficShift
from release.provider.unsettled import Unsettled

_PATIENCE_SECONDS = 4.5
"""The engine waits 5 s for an answer when it ends (pulumi's host.go), and as long again for the process."""


class UneventfulProvider(sdk.Provider):
    """HealthGate, TrafficShift and Handover. Needs no configuration: AWS's own variables say where AWS is."""

    def __init__(
        self, engine: Engine, operations: Operations, unsettled: Unsettled, notebook: Notebook
    ) -> None:
        outside = Outside(engine, notebook)
        self._notebook = notebook
        self._operations = operations
        self._types: dict[str, HealthGate | TrafficShift | Handover] = {
            "uneventful:index:HealthGate": HealthGate(outside),
            "uneventful:index:TrafficShift": TrafficShift(outside, unsettled),
            "uneventful:index:Handover": Handover(outside, unsettled),
        }

    @override
    async def get_schema(self, request: sdk.GetSchemaRequest) -> sdk.GetSchemaResponse:
        return sdk.GetSchemaResponse("{}")

    @override
    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        return sdk.ConfigureResponse(accept_secrets=True, supports_preview=True)

    @override
    async def diff_config(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        return sdk.DiffResponse(changes=False)

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        found = self._type(request.type).faults(request.new_inputs)
        failures = [sdk.CheckFailure(name, reason) for name, reason in found]
        return sdk.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        return await self._operations.run(self._type(request.type).diff(request))

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        return await self._operations.run(self._type(request.type).create(request))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        return await self._operations.run(self._type(request.type).read(request))

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        return await self._operations.run(self._type(request.type).update(request))

    async def delete(self, request: sdk.DeleteRequest) -> None:
        return await self._operations.run(self._type(request.type).delete(request))

    async def cancel(self) -> None:
        self._operations.stop("the update was cancelled")
        # The engine says this at each of its ends, and goes when it has the answer.
        clock = asyncio.get_running_loop().time
        started = clock()
        await self._operations.undone(_PATIENCE_SECONDS)
        if self._operations.idle:
            self._notebook.close()
        await self._notebook.written(min(WRITING_SECONDS, _PATIENCE_SECONDS - (clock() - started)))

    def _type(self, token: str) -> HealthGate | TrafficShift | Handover:
        # The SDK takes it from the URN, where the types of the parents come first.
        token = token.rpartition("$")[2]
        if token not in self._types:
            raise CommandRefused(
                f"the provider uneventful has no resource type {token}",
                expected=", ".join(self._types),
                state="nothing was changed",
                next="use the program and the provider of the same checkout",
            )
        return self._types[token]
