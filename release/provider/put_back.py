"""Undoing a shift that has come to its end, for a release that did not become the live one after all."""

from __future__ import annotations

from collections.abc import Callable

from release.errors import LeaseError, UneventfulError, WeightsNotRestored
from release.provider.holding import holding
from release.provider.inputs import WatchedInputs
from release.provider.lease import Lease
from release.provider.ports import ShiftPorts
from release.provider.restore import Others, Restoration
from release.provider.rule import MainRule
from release.ramp import same_traffic, weights_at


async def put_back(
    inputs: WatchedInputs,
    ports: ShiftPorts,
    reason: UneventfulError,
    others: Callable[[Lease], Others | None] = lambda _: None,
) -> UneventfulError:
    """All traffic on the release that is live by the ledger, proven, and `others` follow; then the error to raise.

    What somebody else has moved since is left where it is.
    """

    async def under(lease: Lease) -> UneventfulError:
        rule = MainRule(ports.balancer, lease, ports.time, inputs.listener_arn, inputs.priority)
        found = await rule.read()
        if lease.pinned or not same_traffic(found or {}, weights_at(100, None, inputs.target_group_arn)):
            return reason.now("traffic is where somebody else has put it since")
        return await way_back(inputs, ports, rule, others(lease)).after(reason)

    try:
        return await holding(ports, under, f"put back: {reason.what}")
    except LeaseError as error:
        return WeightsNotRestored(
            f"{reason.what}, and the weights are not back",
            expected=f"100 % on {inputs.former_label or 'nobody'}",
            seen="\n".join(part for part in (reason.seen, error.seen or error.what) if part),
            state=f"all traffic is on {inputs.label}, as far as is known",
            next=f"pulumi up --stack {ports.stack}",
        )


def way_back(
    inputs: WatchedInputs, ports: ShiftPorts, rule: MainRule, others: Others | None = None
) -> Restoration:
    """From all traffic on the wanted release to all of it where it is by the ledger: no rule, where nothing is live."""
    former = inputs.former_target_group_arn or None
    everything = weights_at(100, None, inputs.target_group_arn)
    rule.written = everything
    return Restoration(
        inputs, ports, rule, everything if former else None, former, inputs.former_label, others
    )
