"""What this provider is doing just now, and how it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from release.errors import ShiftCancelled, UneventfulError
from release.provider.unsettled import Unsettled

T = TypeVar("T")

ENGINE_GONE = "the engine that drove this update is gone"


class Operations:
    """Runs work apart from the calls that asked for it: work that must end well outlives its caller.

    Each piece is cancelled at most once, so that what it does on being cancelled is not cancelled in turn. A shift that
    is `unsettled` when it is told to stop is undone.
    """

    def __init__(self, unsettled: Unsettled | None = None) -> None:
        self._unsettled = unsettled or Unsettled()
        self._undoing: asyncio.Task[UneventfulError] | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._reason = ""

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result.

        Raises:
            ShiftCancelled: the work was told to stop and had nothing to put back; it tells of a shift that was undone.
        """
        if self._reason:
            work.close()
            await self._raise_undone()
            raise ShiftCancelled(self._reason, state="nothing was begun")
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done():
                self.stop(ENGINE_GONE)
                raise
            await self._raise_undone()
            raise ShiftCancelled(
                self._reason,
                state="nothing was changed",
                next="run the same command again",
            ) from None

    def stop(self, reason: str) -> None:
        """Tell all that is running to stop, and let nothing begin any more. Only the first reason counts."""
        if not self._reason:
            self._reason = reason
            for task in self._running:
                task.cancel(reason)
            if back := self._unsettled.take():
                self._undoing = asyncio.ensure_future(back(ShiftCancelled(reason)))
                self._running.add(self._undoing)
                self._undoing.add_done_callback(self._running.discard)

    async def _raise_undone(self) -> None:
        """The error of a shift that is being undone, if one is: how that ended is what there is to say."""
        if self._undoing:
            raise await unstoppable(_result(self._undoing)) from None

    @property
    def idle(self) -> bool:
        """Whether nothing is running."""
        return not self._running

    async def undone(self, seconds: float) -> None:
        """Return when a shift that was unsettled is undone, or after so many seconds."""
        if self._undoing:
            await asyncio.wait([self._undoing], timeout=seconds)

    async def ended(self) -> None:
        """Return when nothing is running."""
        while self._running:
            await asyncio.wait(set(self._running))


async def _result(task: asyncio.Task[T]) -> T:
    return await task


async def unstoppable(work: Coroutine[Any, Any, T]) -> T:
    """The work's result; a cancel that arrives meanwhile does not reach it."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    return task.result()
