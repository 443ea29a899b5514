"""A statement that cannot run in a transaction: noted before, done, noted after.

What lies between is found out by looking."""

from __future__ import annotations

from functools import partial
from typing import Any

import psycopg

from migrator import leftovers
from migrator.attempts import Attempts, short
from migrator.connection import is_lost
from migrator.errors import LockTimeout
from migrator.ledger import Row
from migrator.statements import Statement
from migrator.stopping import Stopped

CLEANING_MS = 2000
"""How long the removal of what a failed build left may wait for a lock."""


def run(
    attempts: Attempts, statement: Statement, where: str, number: int, row: Row, after: dict[str, Any]
) -> Row:
    """The statement, the `number`th, is done once; the row `after` it is in the ledger.

    Nobody queues behind a CONCURRENTLY that waits, so that waits with patience. Raises LockTimeout; psycopg.Error for
    what PostgreSQL refuses. In both cases what the statement left is removed, or the log says what remains.
    """
    limits, session = attempts.request.limits, attempts.session
    patience = int(1000 * min(limits.patience, max(1.0, session.deadline.left())))
    timeout, tries = (patience, 1) if statement.concurrent else (limits.lock_timeout_ms, limits.attempts)
    noted = row

    def attempt() -> Row:
        nonlocal noted
        begun = noted.statement_begun >= number
        with session.owner_outside(timeout):
            found = leftovers.find(session.connection, statement, begun)
            _remove(attempts, found.remove, where)
        if found.run is None:
            attempts.tell(f"{where}: an earlier run had done it")
            return attempts.write(noted, **after)
        if not begun:
            noted = attempts.write(noted, statement_begun=number)
        with session.owner_outside(timeout):
            attempts.execute(where, partial(attempts.sql, found.run))
        return attempts.write(noted, **after)

    try:
        return attempts.retry(where, attempt, tries, timeout)
    except (LockTimeout, psycopg.Error, Stopped) as error:
        if not is_lost(session.connection, error):
            _clean_up(attempts, statement, where)
        raise


def _remove(attempts: Attempts, indexes: tuple[str, ...], where: str) -> None:
    for index in indexes:
        attempts.tell(f"{where}: found the invalid index {index} of an interrupted build, removing it")
        attempts.sql(Statement(f"DROP INDEX CONCURRENTLY IF EXISTS {index}", 1))


def _clean_up(attempts: Attempts, statement: Statement, where: str) -> None:
    """At once, if that can be had without waiting long; the next run would do it as well."""
    session = attempts.session
    try:
        with session.owner_outside(CLEANING_MS):
            _remove(attempts, leftovers.find(session.connection, statement, begun=True).remove, where)
    except psycopg.Error as error:
        if is_lost(session.connection, error):
            raise
        attempts.tell(f"{where}: what it left is removed by the next run: {short(error)}")
