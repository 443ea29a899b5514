"""TrafficShift as the engine knows it: the listener rule that carries the weights, owned by this resource alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from release.balancer import group_of
from release.errors import CommandRefused, UneventfulError
from release.provider.early import early
from release.provider.health_gate import Values, updates
from release.provider.inputs import (
    NOT_YET_KNOWN,
    OF_THE_MOMENT,
    ShiftInputs,
    changed,
    faults,
    label,
    parse,
    plain,
    unknown,
    wired,
)
from release.provider.notebook import outcome_of
from release.provider.outside import Outside
from release.provider.put_back import put_back
from release.provider.rule import MainRule
from release.provider.shift import Recorded, Shift, Shifted
from release.provider.taking import take
from release.provider.unsettled import Unsettled
from release.ramp import same_traffic, weights_at

_IDENTITY = ("listenerArn", "priority")
_OF_THE_MOMENT = OF_THE_MOMENT | {"workers", "resting", "logGroups", "deadline"}


class TrafficShift:
    """Created with the first release's whole traffic, updated by a shift, deleted with its rule.

    What the API holds is looked at in `diff` and `read`: weights changed by hand are drift, and the next update mends
    them.
    """

    def __init__(self, outside: Outside, unsettled: Unsettled) -> None:
        self._outside = outside
        self._unsettled = unsettled

    def faults(self, inputs: Mapping[str, PropertyValue]) -> tuple[tuple[str, str], ...]:
        return faults(ShiftInputs, inputs)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        names = tuple(n for n in changed(request.old_state, request.new_inputs) if n not in _OF_THE_MOMENT)
        replaced = tuple(name for name in names if name in _IDENTITY)
        detailed = updates(names, replaced)
        if not names and await self._drifted(request.urn, request.new_inputs):
            detailed["weights"] = sdk.PropertyDiff(sdk.PropertyDiffKind.UPDATE, input_diff=False)
        return sdk.DiffResponse(
            changes=bool(detailed), replaces=list(replaced), diffs=list(detailed), detailed_diff=detailed
        )

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        identity = "/".join(_plainly(request.properties[name]) for name in _IDENTITY)
        if request.preview:
            outputs = dict.fromkeys(("ruleArn", "weights", "liveAt", "observed"), NOT_YET_KNOWN)
            return sdk.CreateResponse(identity, {**request.properties, **outputs})
        return sdk.CreateResponse(identity, await self._shift(request.urn, request.properties, {}))

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        olds = {name: plain(value) for name, value in request.olds.items()}
        if request.preview:
            same = olds.get("targetGroupArn") == plain(request.news["targetGroupArn"])
            told = {name: request.olds.get(name, NOT_YET_KNOWN) for name in ("ruleArn", "liveAt", "observed")}
            outputs = told if same else {**told, "liveAt": NOT_YET_KNOWN, "observed": NOT_YET_KNOWN}
            return sdk.UpdateResponse({**request.news, **outputs, "weights": NOT_YET_KNOWN})
        return sdk.UpdateResponse(await self._shift(request.urn, request.news, olds))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        if any(name not in request.properties for name in _IDENTITY):
            raise CommandRefused(
                "a TrafficShift cannot be imported",
                expected="a resource of this stack's state",
                seen=f"the id {request.resource_id} alone",
                next="declare it in the program: it adopts a rule that is there",
            )
        listener, priority = (plain(request.properties[name]) for name in _IDENTITY)
        rule = await self._outside.balancer().rule(listener, int(priority))
        if rule is None:
            return sdk.ReadResponse(resource_id="")
        read = {"ruleArn": wired(rule.arn), "weights": wired(rule.weights)}
        return sdk.ReadResponse(request.resource_id, {**request.properties, **read}, request.inputs)

    async def delete(self, request: sdk.DeleteRequest) -> None:
        inputs = parse(ShiftInputs, request.properties)
        ports = self._outside.shift(inputs, request.urn)
        time = ports.time
        if await ports.balancer.rule(inputs.listener_arn, inputs.priority) is None:
            return
        lease = await take(ports.leases, ports.holder, time.clock, time.sleep, ports.voice.say)
        try:
            await MainRule(ports.balancer, lease, time, inputs.listener_arn, inputs.priority).remove()
        finally:
            await lease.give_back("removed the rule")

    async def _shift(
        self, urn: str, properties: Mapping[str, PropertyValue], olds: Mapping[str, Any]
    ) -> Values:
        inputs = parse(ShiftInputs, properties)
        ports = self._outside.shift(inputs, urn)
        page, recorded = self._outside.page(inputs, urn), _recorded(inputs, olds)
        page.from_former(recorded.label if recorded.target_group != inputs.target_group_arn else "")
        with page.telling():
            shifted = await Shift(inputs, recorded, ports).run()
        if shifted.moved and not inputs.back and inputs.former_target_group_arn is not None:

            async def back(reason: UneventfulError) -> UneventfulError:
                error = await put_back(inputs, ports, reason, lambda lease: early(inputs, ports, lease))
                page.end(outcome_of(error), str(error))
                return error

            self._unsettled.shifted(back)
        return {**properties, **_outputs(shifted)}

    async def _drifted(self, urn: str, news: Mapping[str, PropertyValue]) -> bool:
        """Whether the API serves anything but the wanted target group; False while that is not known."""
        if any(unknown(news[name]) for name in (*_IDENTITY, "targetGroupArn")):
            return False
        listener, priority, wanted = (plain(news[name]) for name in (*_IDENTITY, "targetGroupArn"))
        rule = await self._outside.balancer().rule(listener, int(priority))
        if rule and same_traffic(rule.weights, weights_at(100, None, wanted)):
            return False
        found = (
            ", ".join(f"{group_of(group)} {weight}" for group, weight in rule.weights.items())
            if rule
            else "none"
        )
        if news.get("formerTargetGroupArn") is None or plain(news["formerTargetGroupArn"]) == wanted:
            await self._outside.voice(urn).note(
                f"the weights in AWS are not those of the last release, which had everything: {found}"
            )
        return True


def _recorded(inputs: ShiftInputs, olds: Mapping[str, Any]) -> Recorded:
    """What is live by the ledger, where the program says it: this resource's state is ahead of it where a shift was
    done and the handover after it failed.
    """
    told, group = inputs.former_target_group_arn, olds.get("targetGroupArn")
    if told is not None and told != group:
        return Recorded(told or None, inputs.former_label)
    return Recorded(
        target_group=group,
        label=label(olds.get("release", ""), olds.get("version") or ""),
        live_at=olds.get("liveAt") or "",
        observed=olds.get("observed") or "",
    )


def _plainly(value: PropertyValue) -> str:
    number = plain(value)
    return f"{number:g}" if isinstance(number, float) else str(number)


def _outputs(shifted: Shifted) -> Values:
    return {
        "ruleArn": wired(shifted.rule),
        "weights": wired(shifted.weights),
        "liveAt": wired(shifted.live_at),
        "observed": wired(shifted.observed),
    }
