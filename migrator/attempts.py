"""Running a statement beside a living application: watched, given up early, tried again, written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg

from migrator import ledger
from migrator.connection import is_lost
from migrator.errors import LockTimeout, StatementFailed
from migrator.ledger import Row
from migrator.request import Request
from migrator.session import Session
from migrator.statements import Statement
from migrator.waits import Holder

Result = TypeVar("Result")

AGAIN = (pg.LockNotAvailable, pg.DeadlockDetected, pg.SerializationFailure)
"""What another session caused, and another moment may not."""

BACKOFF = (0.1, 5.0)
"""Seconds between two tries: the first, and the most."""


class Attempts:
    """In a session that holds the lock. A lost connection is let through everywhere: see `is_lost`."""

    def __init__(self, session: Session, request: Request) -> None:
        self.session = session
        self.request = request

    @property
    def tell(self) -> Callable[[str], None]:
        """Writes a line of progress."""
        return self.session.tell

    def sql(self, statement: Statement) -> int:
        """Sends it as it is written; the number of rows that it touched, -1 where there is none."""
        return self.session.connection.execute(statement.text.encode()).rowcount

    def execute(self, where: str, run: Callable[[], Result]) -> Result:
        """Runs it under the watch, which says every few seconds that it still runs, and what it waits for."""

        def tick(elapsed: float, holders: tuple[Holder, ...]) -> None:
            behind = f", waits for {holders[0]}" if holders else ""
            self.tell(f"{where}: still running after {elapsed:.0f} s{behind}")

        with self.session.watch.over(self.session.pid, tick):
            return run()

    def retry(self, where: str, attempt: Callable[[], Result], attempts: int, timeout_ms: int) -> Result:
        """What `attempt` returns, tried again while other sessions stand in its way; it has to leave nothing behind
        when it fails. Raises LockTimeout, naming who held it up, after the last try.
        """
        for number in count(1):
            self.session.watch.holders = ()
            try:
                return attempt()
            except AGAIN as error:
                if is_lost(self.session.connection, error):
                    raise
                holders = self.session.watch.holders
                if number >= attempts or self.session.deadline.over:
                    raise _given_up(where, number, timeout_ms, holders, error) from None
                # Each doubling is worth a line; forty tries are not.
                if number & (number - 1) == 0:
                    who = f"; held by {holders[0]}" if holders else ""
                    self.tell(f"{where}: try {number} of {attempts} let go again: {short(error)}{who}")
                self.session.sleep(min(BACKOFF[0] * 2 ** (number - 1), BACKOFF[1]))
        raise AssertionError("unreachable: the loop returns or raises")

    def politely(self, where: str, attempt: Callable[[], Result]) -> Result:
        """`retry` within the request's limits: for statements that the application may queue behind."""
        limits = self.request.limits
        return self.retry(where, attempt, limits.attempts, limits.lock_timeout_ms)

    def write(self, row: Row, **changes: Any) -> Row:
        """The row with the changes and with what was seen waiting, in the ledger."""
        self.session.check_lock(row.revision)
        changed = replace(row, waits=self.session.watch.waits.as_mapping(), **changes)
        ledger.write(self.session.connection, changed)
        return changed


def failed(where: str, error: psycopg.Error, state: str) -> StatementFailed:
    """The error for a statement that PostgreSQL refused."""
    return StatementFailed(
        f"{where} failed",
        expected="a statement that PostgreSQL can do",
        seen=short(error),
        state=state,
        next="change the file, and build the version again; or see to the data, and run the same again",
    )


def short(error: psycopg.Error) -> str:
    """The server's own line, without the details: these quote the application's rows."""
    message = error.diag.message_primary or " ".join(str(error).split())
    hint = f" (hint: {error.diag.message_hint})" if error.diag.message_hint else ""
    return f"{message} [{error.sqlstate or 'no SQLSTATE'}]{hint}"


def _given_up(
    where: str, tries: int, timeout_ms: int, holders: tuple[Holder, ...], error: psycopg.Error
) -> LockTimeout:
    end = f"SELECT pg_terminate_backend({holders[0].pid}); " if holders else ""
    return LockTimeout(
        f"{where} gave up waiting for another session",
        expected=f"its lock within {timeout_ms} ms; {tries} {'try' if tries == 1 else 'tries'}",
        seen="\n".join(f"held by {holder}" for holder in holders) or short(error),
        state="the statement is taken back and nothing waits behind it: whatever serves goes on as before",
        next=f"let that session end its transaction, or end it: {end}then the same command again",
    )
