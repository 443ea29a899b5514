"""Long-lived connections between their requests. One that the other side has closed is never used."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque


def still_open(idle: socket.socket) -> bool:
    """Whether a connection that should have nothing to say has neither been closed nor spoken."""
    try:
        idle.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


class Pool:
    """Idle connections, the longest idle one first; a closed one is dropped when it closes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._idle: deque[socket.socket] = deque()

    def give(self, idle: socket.socket) -> None:
        """Keep a connection for a later request."""
        self._idle.append(idle)
        self._loop.add_reader(idle, self._drop, idle)

    def take(self) -> socket.socket | None:
        """A connection that is open at this moment, or None."""
        while self._idle:
            idle = self._idle.popleft()
            self._loop.remove_reader(idle)
            if still_open(idle):
                return idle
            idle.close()
        return None

    def _drop(self, idle: socket.socket) -> None:
        self._loop.remove_reader(idle)
        with contextlib.suppress(ValueError):
            self._idle.remove(idle)
        idle.close()

    def close(self) -> None:
        """Close them all."""
        while (idle := self.take()) is not None:
            idle.close()
