"""HealthGate as the engine knows it: a resource that exists once its release was seen healthy."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from release.provider import gate
from release.provider.inputs import NOT_YET_KNOWN, GateInputs, changed, faults, parse, wired
from release.provider.outside import Outside

Values = dict[str, PropertyValue]


_OF_THE_MOMENT = ("leaseBucket", "logGroup")
"""Where to listen while waiting: no reason to wait again for what has passed."""


class HealthGate:
    """Created by waiting; any changed input waits again. It has nothing in AWS, so reading and deleting do nothing."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def faults(self, inputs: Mapping[str, PropertyValue]) -> tuple[tuple[str, str], ...]:
        return faults(GateInputs, inputs)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        names = tuple(n for n in changed(request.old_state, request.new_inputs) if n not in _OF_THE_MOMENT)
        return sdk.DiffResponse(changes=bool(names), diffs=list(names), detailed_diff=updates(names))

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        outputs = await self._pass(request.urn, request.properties, preview=request.preview)
        return sdk.CreateResponse(resource_id=request.name, properties=outputs)

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        return sdk.UpdateResponse(await self._pass(request.urn, request.news, preview=request.preview))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        return sdk.ReadResponse(request.resource_id, request.properties, request.inputs)

    async def delete(self, _request: sdk.DeleteRequest) -> None:
        return None

    async def _pass(self, urn: str, properties: Mapping[str, PropertyValue], *, preview: bool) -> Values:
        if preview:
            return {**properties, "passedAt": NOT_YET_KNOWN, "evidence": NOT_YET_KNOWN}
        inputs = parse(GateInputs, properties)
        ports = self._outside.gate(inputs, urn)
        with self._outside.page(inputs, urn).telling():
            evidence = await gate.wait(inputs, ports)
        await ports.voice.note(evidence)
        return {**properties, "passedAt": wired(ports.time.stamp()), "evidence": wired(evidence)}


def updates(names: tuple[str, ...], replaced: tuple[str, ...] = ()) -> dict[str, sdk.PropertyDiff]:
    """The engine's words for inputs that changed, and for those that need another resource."""
    kinds = {True: sdk.PropertyDiffKind.UPDATE_REPLACE, False: sdk.PropertyDiffKind.UPDATE}
    return {name: sdk.PropertyDiff(kinds[name in replaced], input_diff=True) for name in names}
