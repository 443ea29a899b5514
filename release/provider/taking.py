"""Taking the lease: at once where nobody has it, by waiting, or by asking its holder to give way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from release.aws import CALL_SECONDS
from release.errors import LeaseError, LeaseHeld
from release.provider.lease import QUIET_SECONDS, Clock, Grip, Lease, LeaseStore, Sleep
from release.provider.operations import unstoppable

PATIENCE_SECONDS = 20.0
YIELD_SECONDS = QUIET_SECONDS + 0.5
"""How long a holder that was asked for the lease may take to put the weights back. One that is dead is known sooner."""
_POLL_SECONDS = 0.5
_SOON_SECONDS = 0.1
_SKEW_SECONDS = 2.0
"""Servers of one store may differ by this much in their time of day, which they tell in whole seconds."""


@dataclass(frozen=True)
class Claim:
    """Why one cannot wait for the holder, and the release (id) that alone may be given traffic afterwards, until an
    update has recorded it; empty for any.
    """

    reason: str
    pinned: str


async def take(
    store: LeaseStore,
    holder: str,
    clock: Clock,
    sleep: Sleep,
    say: Callable[[str], Awaitable[None]],
    claim: Claim | None = None,
    allowed: Awaitable[object] | None = None,
) -> Lease:
    """Take the lease, waiting for a holder that lives up to `PATIENCE_SECONDS`, and telling `say` whom one waits for.

    With a `claim` the holder is asked to give way, and fenced off when it does not. Nobody is asked, and nothing taken,
    before `allowed` has come to its end; what it raises is raised.

    Raises:
        LeaseHeld: the holder still lives; it is named.
        LeaseError: the store did not answer for as long.
    """
    started = clock()
    seen: Grip | None = None
    since = started
    asked_at: dict[int, float] = {}
    while True:
        try:
            top = await store.highest()
            if top != seen:
                seen, since = top, clock()
            record = await store.read(top.number) if top else {}
            if allowed is not None:
                await allowed
                allowed = None
            given = top is None or bool(record.get("released"))
            silent = top is not None and is_silent(top, clock() - since)
            fencing = top is not None and clock() - asked_at.get(top.number, clock()) >= YIELD_SECONDS
            if given or silent or fencing:
                lease = Lease(store, top.number + 1 if top else 1, holder, clock, sleep)
                _inherit(lease, record, claim)
                if not await lease.seize():
                    continue
                if top and not given and fencing:
                    await lease.outwait(QUIET_SECONDS)
                elif top and await store.read(top.number) != record:
                    await lease.outwait(CALL_SECONDS)
                return lease
            assert top is not None
            if claim and top.number not in asked_at:
                await store.ask(top.number, {"by": holder, "why": claim.reason})
                asked_at[top.number] = clock()
            other = f"lease {top.number}, held by {record.get('holder', 'somebody')}"
            await say(f"waiting for {other}")
            error: LeaseError = LeaseHeld(
                "another writer has the weights",
                expected=f"the lease to be given back, or silent for {QUIET_SECONDS:g} s",
                seen=f"{other}, which lives",
                state="nothing was changed by this update",
                next="wait for it to end, then run the same command again",
            )
        except LeaseError as busy:
            error = busy
        if clock() - started >= PATIENCE_SECONDS:
            raise error
        await sleep(_SOON_SECONDS if claim else _POLL_SECONDS)


def _inherit(lease: Lease, record: Mapping[str, Any], claim: Claim | None) -> None:
    """What the former holder's record says, before the new one says it too."""
    lease.former = _ending(record) if record else ""
    lease.former_pin = str(record.get("pinned") or "")
    lease.pinned = claim.pinned if claim else lease.former_pin


def is_silent(top: Grip, watched: float) -> bool:
    """Whether its holder is gone, after watching it this long (s)."""
    return watched >= QUIET_SECONDS or top.silent >= QUIET_SECONDS + _SKEW_SECONDS


def _ending(record: Mapping[str, Any]) -> str:
    holder = record.get("holder", "somebody")
    return f"{holder}: {record.get('outcome')}" if record.get("released") else f"{holder}: fell silent"


async def end(lease: Lease, beating: asyncio.Task[None], outcome: str) -> None:
    """Let the next one in, and tell it the outcome, once the heartbeats have ended. No cancel stops it."""

    async def given_back() -> None:
        beating.cancel()
        await asyncio.wait([beating])
        await lease.give_back(outcome)

    await unstoppable(given_back())
