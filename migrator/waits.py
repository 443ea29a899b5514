"""Who waits for whom while a statement runs, sampled on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import Connection

from migrator.progress import Clock
from migrator.statements import Statement

EVERY = 0.05
"""Seconds between two samples: a wait that is shorter may go unseen."""

TELL_EVERY = 5.0

_WAITING = """
SELECT pid, max(extract(epoch FROM clock_timestamp() - waitstart))::float, pg_blocking_pids(pid)
FROM pg_locks WHERE NOT granted GROUP BY pid
"""

_HOLDERS = """
SELECT pid, usename, application_name, state, query, extract(epoch FROM clock_timestamp() - xact_start)::float
FROM pg_stat_activity WHERE pid = ANY(%s) ORDER BY xact_start
"""


@dataclass(frozen=True)
class Holder:
    """A session that a statement waits for; `age` is its transaction's, in seconds."""

    pid: int
    user: str
    application: str
    state: str
    query: str
    age: float

    def __str__(self) -> str:
        query = Statement(self.query, 1).summary if self.query else "a query that this user may not see"
        return (
            f"session {self.pid} (user {self.user or '?'}, application {self.application or 'without a name'}, "
            f"{self.state or 'state unknown'}, transaction open for {self.age:.1f} s): {query}"
        )


@dataclass(frozen=True)
class Waits:
    """What other sessions waited behind the migrator's, as far as samples tell.

    `samples` were taken; `sessions` is the highest number that waited at once, `longest_ms` the longest wait.
    """

    samples: int = 0
    sessions: int = 0
    longest_ms: int = 0

    def and_also(self, waits: list[float]) -> Waits:
        """With one more sample, the waits in seconds of those who waited."""
        longest = max([self.longest_ms, *(round(1000 * wait) for wait in waits)])
        return Waits(self.samples + 1, max(self.sessions, len(waits)), longest)

    def as_mapping(self) -> dict[str, int]:
        """For the ledger."""
        return asdict(self)


Tick = Callable[[float, tuple[Holder, ...]], None]


class Watch:
    """Samples while `over()` is open. A failure of its own never touches the migration: it then sees nothing."""

    def __init__(self, connect: Callable[[], Connection[Any]], clock: Clock) -> None:
        self._connect = connect
        self._clock = clock
        self._wake = threading.Condition()
        self._pid: int | None = None
        self._tick: Tick | None = None
        self._since = 0.0
        self._closing = False
        self._thread: threading.Thread | None = None
        self.waits = Waits()
        self.holders: tuple[Holder, ...] = ()

    def reset(self) -> None:
        """Begins to count anew."""
        self.waits = Waits()
        self.holders = ()

    @contextmanager
    def over(self, pid: int, tick: Tick) -> Iterator[None]:
        """Watches the session `pid`, calling `tick` (from another thread) every few seconds."""
        with self._wake:
            self._pid, self._tick, self._since = pid, tick, self._clock()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()
            self._wake.notify_all()
        try:
            yield
        finally:
            with self._wake:
                self._pid = None

    def close(self) -> None:
        """Ends the thread and its connection."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        connection: Connection[Any] | None = None
        told = 0.0
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closing or self._pid is not None)
                if self._closing:
                    break
                pid, tick, since = self._pid, self._tick, self._since
            try:
                if connection is None or connection.closed:
                    connection = self._connect()
                self._sample(connection, pid or 0)
            except Exception:  # whatever it is, the migration goes on without being watched
                connection = None
            elapsed = self._clock() - since
            if elapsed < TELL_EVERY:
                told = 0.0
            elif tick is not None and elapsed - told >= TELL_EVERY:
                told = elapsed
                tick(elapsed, self.holders)
            with self._wake:
                self._wake.wait_for(lambda: self._closing, timeout=EVERY if connection else 1.0)
        if connection is not None:
            connection.close()

    def _sample(self, connection: Connection[Any], pid: int) -> None:
        waiting = connection.execute(_WAITING).fetchall()
        behind = [waited or 0.0 for who, waited, blockers in waiting if who != pid and pid in blockers]
        self.waits = self.waits.and_also(behind)
        mine = next((blockers for who, _, blockers in waiting if who == pid), None)
        if mine:
            found = connection.execute(_HOLDERS, (mine,)).fetchall()
            self.holders = tuple(
                Holder(who, user or "", application or "", state or "", query or "", age or 0.0)
                for who, user, application, state, query, age in found
            )
