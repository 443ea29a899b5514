"""Who follows the traffic: the workers of the release that has it, and its schedules. Forward, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from release.provider.inputs import HandoverInputs
from release.provider.lease import Lease
from release.provider.ports import HandoverPorts
from release.scheduler import Applied, Entry
from release.turn_taking import Turns
from release.turns import Standing, teams


@dataclass(frozen=True)
class Recorded:
    """What the stack's state says of the last handover that was done; empty before the first."""

    release: str = ""
    schedules: tuple[Mapping[str, str], ...] = ()
    handed_at: str = ""
    baked_until: str = ""
    observed: str = ""


class Followers:
    """Workers and schedules of this handover. Nothing is told before the lease has been looked at.

    Everything raises WorkersError, SchedulerError, or LeaseError; what waits for workers as `Turns.taken` does.
    """

    def __init__(
        self, inputs: HandoverInputs, recorded: Recorded, ports: HandoverPorts, lease: Lease
    ) -> None:
        self._inputs = inputs
        self._recorded = recorded
        self._ports = ports
        self._lease = lease
        groups = {inputs.release: inputs.workers, **inputs.resting}
        self.turns = Turns(
            teams(groups, inputs.log_groups), ports.instances, ports.shift.time, ports.shift.voice.say
        )
        self._held: tuple[Entry, ...] | None = None

    @property
    def working(self) -> Sequence[str]:
        """Whose workers work when this handover is done."""
        return [self._inputs.release]

    async def look(self) -> None:
        """What the schedules are, before any is touched."""
        if self._ports.schedules:
            self._held = await self._ports.schedules.read()

    async def take_turns(self) -> Standing:
        """The workers of the release work, and all others rest."""
        await self._lease.confirm()
        await self.turns.tell(self.working)
        return await self.turns.taken(self.working, self._limit)

    async def still_taken(self) -> Standing:
        """After `take_turns`: everybody does as told now."""
        return await self.turns.taken(self.working, self._limit)

    async def take_schedules(self) -> Applied:
        """The schedules are those of the release."""
        return await self._apply([Entry.load(entry) for entry in self._inputs.schedules])

    async def tell(self) -> None:
        """Let everything be the former release's again. Both are tried, whatever becomes of the other."""
        await self._lease.confirm()
        try:
            await self.turns.tell(self._former)
        finally:
            before = self._before()
            if before is not None:
                await self._apply(before)

    async def seen(self) -> str:
        standing = await self.turns.taken(self._former, self._limit)
        label = self._inputs.former_label or "no release"
        told = "" if self._before() is None else f", the schedules are those of {label}"
        return f"workers of {label}: {standing.working} working{told}"

    @property
    def _former(self) -> Sequence[str]:
        return [self._inputs.former_release] if self._inputs.former_release else []

    @property
    def _limit(self) -> float:
        return self._inputs.deadline + self._inputs.drain

    def _before(self) -> Sequence[Entry] | None:
        """The former release's schedules; None where they are not known, since none was touched."""
        if self._recorded.release and self._recorded.release == self._inputs.former_release:
            return [Entry.load(entry) for entry in self._recorded.schedules]
        return self._held if self._inputs.former_release else ()

    async def _apply(self, entries: Sequence[Entry]) -> Applied:
        if not self._ports.schedules:
            return Applied()
        await self._lease.confirm()
        return await self._ports.schedules.apply(entries)
