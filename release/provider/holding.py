"""Holding the lease while something is moved: taken first, kept by heartbeats, given back at any end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from release.errors import ProviderFault, RollbackUnrecorded, ShiftCancelled, UneventfulError
from release.provider.inputs import WatchedInputs
from release.provider.lease import NOBODY, Lease
from release.provider.ports import ShiftPorts
from release.provider.taking import end, take

T = TypeVar("T")


async def holding(ports: ShiftPorts, work: Callable[[Lease], Awaitable[T]], done: str) -> T:
    """The result of the work, which is cancelled when somebody asks for the lease. How it ended is told to the next
    holder: as `done`, where it ended well.

    Raises what `take` and the work raise, and ShiftCancelled where somebody asked for the lease and nothing had begun.
    """
    lease = await take(ports.leases, ports.holder, ports.time.clock, ports.time.sleep, ports.voice.say)
    current = asyncio.current_task()
    assert current is not None
    beating = asyncio.create_task(lease.keep(current.cancel))
    outcome = "ended unseen"
    try:
        result = await work(lease)
        outcome = done
        return result
    except UneventfulError as error:
        outcome = f"{error.what}; {error.state}"
        raise
    except asyncio.CancelledError as cancelled:
        if not lease.asked:
            raise
        outcome = f"{lease.asked}; nothing was written"
        raise ShiftCancelled(lease.asked, state="nothing was changed by this update") from cancelled
    finally:
        await end(lease, beating, outcome)


def must_be_free(inputs: WatchedInputs, lease: Lease, stack: str) -> None:
    """Raises RollbackUnrecorded where another release was given the traffic by a rollback, or none may have any."""
    if lease.pinned in ("", inputs.release):
        return
    if lease.pinned == NOBODY:
        raise RollbackUnrecorded(
            f"{inputs.label} gets no traffic: it was told to stop",
            expected="nobody who stops it",
            seen=f"the last writer, {lease.former}",
            state="nothing was changed by this update",
            next=f"release abort --stack {stack} ends that, where no update runs",
        )
    raise RollbackUnrecorded(
        f"{inputs.label} gets no traffic: a rollback gave it to another release, and is not recorded yet",
        expected=f"an update that wants {lease.pinned}",
        seen=f"one that wants {inputs.label}; the last writer, {lease.former}",
        state=f"traffic stays on {lease.pinned}; nothing was changed by this update",
        next=f"release rollback --to {lease.pinned} --stack {stack} records it",
    )


def named(reason: BaseException) -> UneventfulError:
    """The reason to stop as an error of this project."""
    if isinstance(reason, UneventfulError):
        return reason
    if isinstance(reason, asyncio.CancelledError):
        return ShiftCancelled(str(reason) or "the update was told to stop")
    return ProviderFault(f"the provider met what it does not know: {type(reason).__name__}: {reason}")
