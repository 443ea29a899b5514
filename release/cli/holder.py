"""Who holds the lease on a stack's weights, and what its last holder said."""

from __future__ import annotations

from dataclasses import dataclass

from release.aws import Calls
from release.provider.lease import QUIET_SECONDS
from release.provider.lease_store import BucketLeaseStore


@dataclass(frozen=True)
class Holder:
    """The highest lease that was ever taken: its number, of whom, and how long ago (s) it last beat by the store's own
    clock. `released`: it was given back, with `outcome` as its last word. `pinned` is the release (id) of a rollback
    that no update has recorded yet.
    """

    number: int
    who: str
    silent: float
    released: bool
    outcome: str
    pinned: str

    @property
    def alive(self) -> bool:
        """Whether somebody holds it and was heard of lately."""
        return not self.released and self.silent < QUIET_SECONDS

    def __str__(self) -> str:
        if self.alive:
            return f"{self.who} holds it (number {self.number})"
        if self.released:
            return f"nobody; the last was {self.who}: {self.outcome or 'given back'}"
        return f"{self.who} had it and is silent for {self.silent:.0f} s: the next writer takes it over"


async def holder(bucket: str) -> Holder | None:
    """None where nobody ever had it. Raises LeaseError."""
    if not bucket:
        return None
    store = BucketLeaseStore(Calls("s3"), bucket)
    top = await store.highest()
    record = await store.read(top.number) if top else {}
    if top is None or not record:
        return None
    return Holder(
        top.number,
        str(record.get("holder") or "somebody"),
        top.silent,
        bool(record.get("released")),
        str(record.get("outcome") or ""),
        str(record.get("pinned") or ""),
    )
