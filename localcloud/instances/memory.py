"""The limit of a service's memory, where there is no kernel's control group to keep it."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.instances.controlgroup import ControlGroup
from localcloud.instances.host import Host

LOOK_SECONDS = 1.0


class MemoryLimit:
    """Kills all processes of a start that use more than `limit` bytes together; 0 is no limit. A kernel does so at
    once, this within a second.
    """

    def __init__(self, host: Host, group: ControlGroup, limit: int, note: Callable[[str], None]) -> None:
        self._host, self._group, self._limit, self._note = host, group, limit, note

    def watch(self) -> None:
        """From now on, for as long as this start of the service goes on."""
        if self._limit:
            self._look_later(self._group.invocation)

    def _look_later(self, invocation: str) -> None:
        self._host.call_later(LOOK_SECONDS, lambda: self._look(invocation))

    def _look(self, invocation: str) -> None:
        if self._group.invocation != invocation or not self._group.main:
            return None
        if (used := self._group.memory()) <= self._limit:
            return self._look_later(invocation)
        self._note(f"Out of memory: {used >> 20} MB are more than MemoryMax={self._limit >> 20} MB")
        return self._group.kill(self._group.members())
