"""The migrators' lock: in one environment one of them works at a time.

It is an advisory lock of the very session that runs the statements. Were it on a session of its own, the server would
give it away when the migrator dies, while the statement that the migrator had begun still runs; so the lock in one's
hands means that every earlier session is over, and that the ledger tells all that it did.

It is polled. Whoever waits inside `pg_advisory_lock` holds a snapshot, for which the CREATE INDEX CONCURRENTLY of
the other waits in turn: a deadlock, measured, with an invalid index left.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from migrator.connection import Sleep
from migrator.errors import LockHeld
from migrator.progress import Deadline, Progress

KEY = 0x756E_6576_656E_7466
"""'uneventf': the lock's number, in a space that is this database's own."""

POLL = 0.2
TELL_EVERY = 5.0

_HOLDER = """
SELECT a.pid, a.application_name, extract(epoch FROM clock_timestamp() - a.backend_start)::float
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND (l.classid::bigint << 32) + l.objid::bigint = %s
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def acquire(connection: Connection[Any], deadline: Deadline, tell: Progress, sleep: Sleep) -> None:
    """Returns with the lock in the hands of this session, which keeps it until it ends. Raises LockHeld."""
    waited, said = 0.0, -TELL_EVERY
    while not _try(connection):
        if deadline.over:
            raise LockHeld(
                "another migrator is at work",
                expected=f"the lock within {deadline.seconds:g} s",
                seen=_holder(connection),
                state="this run changed nothing",
                next="wait for the other, or end it; then the same command again",
            )
        if waited - said >= TELL_EVERY:
            tell(f"waits for another migrator: {_holder(connection)}")
            said = waited
        sleep(POLL)
        waited += POLL


def is_held(connection: Connection[Any]) -> bool:
    """Whether this session still has it: a revision may have let it go."""
    query = f"SELECT EXISTS ({_HOLDER} AND a.pid = pg_backend_pid())"
    found = connection.execute(query.encode(), (KEY,)).fetchone()
    return bool(found and found[0])


def _try(connection: Connection[Any]) -> bool:
    found = connection.execute("SELECT pg_try_advisory_lock(%s::bigint)", (KEY,)).fetchone()
    return bool(found and found[0])


def _holder(connection: Connection[Any]) -> str:
    found = connection.execute(_HOLDER, (KEY,)).fetchone()
    if found is None:
        return "it has just ended"
    pid, application, age = found
    return f"session {pid} ({application}), for {age:.0f} s" if age is not None else f"session {pid}"
