"""What a statement does to those who use the database: the locks it takes, the tables it writes anew, its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

MODES = (
    *("AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock"),
    *("ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"),
)
"""PostgreSQL's locks of tables, the weakest first (its manual, "Explicit Locking")."""

_BLOCKS_WRITERS = MODES.index("ShareLock")
_BLOCKS_READERS = MODES.index("AccessExclusiveLock")

_HELD = """
SELECT l.relation::bigint, c.relname, l.mode
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = pg_backend_pid() AND l.granted AND c.relkind IN ('r', 'p', 'm')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""

_FILES = """
SELECT c.oid::bigint, c.relname, pg_relation_filenode(c.oid)::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""


@dataclass(frozen=True)
class Lock:
    """A table and PostgreSQL's name for the strongest lock that a statement newly took on it."""

    table: str
    mode: str

    def __str__(self) -> str:
        strength = MODES.index(self.mode)
        blocked = (
            "nobody can read or write it" if strength >= _BLOCKS_READERS else
            "nobody can write to it" if strength >= _BLOCKS_WRITERS else
            "stops nobody's reads and writes"
        )  # fmt: skip
        return f"{self.mode} on {self.table}: {blocked}"


@dataclass(frozen=True)
class Observed:
    """`seconds` that a statement took, the `locks` that it newly took on tables that were there before its file began,
    and which of these it wrote anew. `rows` it changed; -1 where it doesn't change rows. What runs outside a
    transaction gives its locks back before they can be looked at: then `locks` is None.
    """

    seconds: float
    locks: tuple[Lock, ...] | None
    rewritten: tuple[str, ...]
    rows: int = -1


class Observer:
    """Looks at statements on one connection; what is there when it is made are the tables that are in use."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._used = {oid for oid, _, _ in self._files()}

    def watch(self, run: Callable[[], int], in_transaction: bool) -> Observed:
        """Run something that answers with the rows that it changed, and tell what it did."""
        before, held = self._files(), self._held()
        started = time.monotonic()
        rows = run()
        seconds = time.monotonic() - started
        after = {oid: file for oid, _, file in self._files()}
        rewritten = [name for oid, name, file in before if oid in self._used and after.get(oid, file) != file]
        locks = None
        if in_transaction:
            locks = tuple(
                Lock(name, mode)
                for oid, (name, mode) in sorted(self._held().items())
                if oid in self._used and held.get(oid) != (name, mode)
            )
        return Observed(seconds, locks, tuple(rewritten), rows)

    def _files(self) -> list[tuple[int, str, int]]:
        return self._connection.execute(_FILES).fetchall()

    def _held(self) -> dict[int, tuple[str, str]]:
        """The strongest lock of each table."""
        strongest: dict[int, tuple[str, str]] = {}
        for oid, name, mode in self._connection.execute(_HELD).fetchall():
            known = strongest.get(oid)
            if known is None or MODES.index(mode) > MODES.index(known[1]):
                strongest[oid] = (name, mode)
        return strongest
