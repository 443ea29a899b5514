"""Workers who begin before their release has any traffic, beside the former ones, who cannot read what it queues."""

from __future__ import annotations

from release.provider.inputs import ShiftInputs
from release.provider.lease import Lease
from release.provider.ports import ShiftPorts
from release.turn_taking import Turns
from release.turns import teams


class Early:
    """The workers of both releases, until the handover; of the former one alone, when the shift goes back."""

    def __init__(self, inputs: ShiftInputs, ports: ShiftPorts, lease: Lease) -> None:
        assert ports.instances is not None
        self._inputs = inputs
        self._lease = lease
        groups = {inputs.release: inputs.workers, **inputs.resting}
        everybody = teams(groups, inputs.log_groups)
        self._turns = Turns(everybody, ports.instances, ports.time, ports.voice.say)
        self._former = [inputs.former_release] if inputs.former_release else []

    async def begin(self) -> str:
        """How they have begun, in words. Raises as `Turns.taken` does, and LeaseError."""
        both = [*self._former, self._inputs.release]
        await self._lease.confirm()
        await self._turns.tell(both)
        return f"workers beside those of {self._inputs.former_label or 'nobody'}: " + str(
            await self._turns.taken(both, self._inputs.deadline)
        )

    async def tell(self) -> None:
        await self._lease.confirm()
        await self._turns.tell(self._former)

    async def seen(self) -> str:
        standing = await self._turns.taken(self._former, self._inputs.deadline)
        return f"workers of {self._inputs.former_label or 'nobody'}: {standing.working} working"


def early(inputs: ShiftInputs, ports: ShiftPorts, lease: Lease) -> Early | None:
    """None where workers begin after the traffic has moved."""
    return Early(inputs, ports, lease) if inputs.workers and ports.instances else None
