"""Handover as the engine knows it: the workers and the schedules of the environment, owned by one release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from release.errors import CommandRefused
from release.provider.followers import Recorded
from release.provider.health_gate import Values, updates
from release.provider.inputs import (
    NOT_YET_KNOWN,
    HandoverInputs,
    changed,
    faults,
    parse,
    plain,
    unknown,
    wired,
)
from release.provider.outside import Outside
from release.provider.succession import HandedOver, Succession
from release.provider.unsettled import Unsettled
from release.scheduler import Entry

_MATTERS = ("release", "targetGroupArn", "workers", "schedules", "scheduleGroup")
"""Other inputs say how a handover is done: to change them hands nothing over."""
_KNOWN = ("release", "schedules", "scheduleGroup", "leaseBucket")
_TOLD = ("handedAt", "bakedUntil", "observed")
_OUTPUTS = (*_TOLD, "working", "held")


class Handover:
    """Done after a TrafficShift. Deleted, no schedule of any release is left.

    What the API holds is looked at in `diff` and `read`: schedules changed by hand, and workers who were told something
    else, are drift, and the next update mends them.
    """

    def __init__(self, outside: Outside, unsettled: Unsettled) -> None:
        self._outside = outside
        self._unsettled = unsettled

    def faults(self, inputs: Mapping[str, PropertyValue]) -> tuple[tuple[str, str], ...]:
        return faults(HandoverInputs, inputs)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        names = tuple(n for n in changed(request.old_state, request.new_inputs) if n in _MATTERS)
        detailed = updates(names)
        if not names:
            for name in await self._drifted(request.urn, request.new_inputs):
                detailed[name] = sdk.PropertyDiff(sdk.PropertyDiffKind.UPDATE, input_diff=False)
        if not detailed:
            self._unsettled.settled()
        return sdk.DiffResponse(changes=bool(detailed), diffs=list(detailed), detailed_diff=detailed)

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        if request.preview:
            outputs = dict.fromkeys(_OUTPUTS, NOT_YET_KNOWN)
            return sdk.CreateResponse(request.name, {**request.properties, **outputs})
        return sdk.CreateResponse(
            request.name, await self._hand_over(request.urn, request.properties, Recorded())
        )

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        olds = {name: plain(value) for name, value in request.olds.items()}
        if request.preview:
            same = olds.get("release") == plain(request.news["release"])
            told = {n: request.olds.get(n, NOT_YET_KNOWN) if same else NOT_YET_KNOWN for n in _TOLD}
            return sdk.UpdateResponse(
                {**request.news, **told, "working": NOT_YET_KNOWN, "held": NOT_YET_KNOWN}
            )
        recorded = Recorded(
            release=olds.get("release") or "",
            schedules=tuple(olds.get("schedules") or ()),
            handed_at=olds.get("handedAt") or "",
            baked_until=olds.get("bakedUntil") or "",
            observed=olds.get("observed") or "",
        )
        return sdk.UpdateResponse(await self._hand_over(request.urn, request.news, recorded))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        if any(name not in request.properties for name in _KNOWN):
            raise CommandRefused(
                "a Handover cannot be imported",
                expected="a resource of this stack's state",
                seen=f"the id {request.resource_id} alone",
                next="declare it in the program: it makes workers and schedules those of what is live",
            )
        found = {name: plain(request.properties[name]) for name in _KNOWN}
        working = await self._outside.instances(found["leaseBucket"]).announced()
        held = await self._held(found["scheduleGroup"])
        read = {
            "working": wired(list(working or ())),
            "held": wired([entry.dump() for entry in held]),
        }
        return sdk.ReadResponse(request.resource_id, {**request.properties, **read}, request.inputs)

    async def delete(self, request: sdk.DeleteRequest) -> None:
        group = plain(request.properties["scheduleGroup"])
        if group:
            await self._outside.schedules(group).apply(())

    async def _hand_over(
        self, urn: str, properties: Mapping[str, PropertyValue], recorded: Recorded
    ) -> Values:
        inputs = parse(HandoverInputs, properties)
        ports = self._outside.handover(inputs, urn)
        page = self._outside.page(inputs, urn)
        with page.telling():
            handed = await Succession(inputs, recorded, ports, self._unsettled).run()
        page.end("live", f"traffic, workers and schedules are those of {inputs.label}")
        return {**properties, **_outputs(inputs, handed)}

    async def _held(self, group: str) -> Sequence[Entry]:
        return await self._outside.schedules(group).read() if group else ()

    async def _drifted(self, urn: str, news: Mapping[str, PropertyValue]) -> tuple[str, ...]:
        """What the API does not have as the release wants it; nothing while that is not known."""
        if any(name not in news or unknown(news[name]) for name in _KNOWN):
            return ()
        wanted = {name: plain(news[name]) for name in _KNOWN}
        drifted, voice = [], self._outside.voice(urn)
        working = await self._outside.instances(wanted["leaseBucket"]).announced()
        if working != (wanted["release"],):
            drifted.append("working")
            seen = ", ".join(working) or "nobody" if working is not None else "not settled"
            await voice.note(
                f"the workers' turn is not as the last handover left it, {wanted['release']}: {seen}"
            )
        seen = differing(
            [Entry.load(e) for e in wanted["schedules"]], await self._held(wanted["scheduleGroup"])
        )
        if seen:
            drifted.append("schedules")
            await voice.note(f"schedules in AWS are not those of the release: {seen}")
        return tuple(drifted)


def differing(wanted: Sequence[Entry], held: Sequence[Entry]) -> str:
    """The schedules that are not as wanted, by name, and how; empty without any."""
    ours, theirs = ({entry.name: entry for entry in entries} for entries in (wanted, held))
    told = [f"{name} is missing" for name in ours if name not in theirs]
    told += [f"{name} was changed" for name in ours if name in theirs and ours[name] != theirs[name]]
    told += [f"{name} is not of the release" for name in theirs if name not in ours]
    return ", ".join(told)


def _outputs(inputs: HandoverInputs, handed: HandedOver) -> dict[str, Any]:
    return {
        "handedAt": wired(handed.handed_at),
        "bakedUntil": wired(handed.baked_until),
        "observed": wired(handed.observed),
        "working": wired([inputs.release]),
        "held": wired([dict(entry) for entry in sorted(inputs.schedules, key=lambda e: e["name"])]),
    }
