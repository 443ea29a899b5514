"""Runs one revision and keeps the ledger true at every instant.

A revision is one transaction, ledger row and all. One that holds a statement that must be alone (`Statement.alone`)
goes statement by statement instead, each with the ledger's count of statements in its own transaction; a
statement that cannot have one is noted as begun before and as done after, and what lies between is found out by
looking (`leftovers`). A statement that waits too long for a lock lets everything go before it is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any

import psycopg
from psycopg import errors as pg

from migrator import ledger, leftovers
from migrator.connection import is_lost
from migrator.errors import ChecksumChanged, LockTimeout, MigratorError, StatementFailed
from migrator.ledger import Row
from migrator.request import Request
from migrator.revisions import Revision
from migrator.session import Session
from migrator.statements import Statement, digest
from migrator.waits import Holder

AGAIN = (pg.LockNotAvailable, pg.DeadlockDetected, pg.SerializationFailure)
"""What another session caused, and another moment may not."""

BACKOFF = (0.1, 5.0)
"""Seconds between two tries: the first, and the most."""

CLEANING_MS = 2000


@dataclass(frozen=True)
class Work:
    """A revision's statements. `each`: statement by statement rather than in one transaction."""

    revision: Revision
    statements: tuple[Statement, ...]
    each: bool


class Executor:
    """Runs revisions in a session that holds the lock. A lost connection is let through: see `is_lost`."""

    def __init__(self, session: Session, request: Request) -> None:
        self._session = session
        self._request = request

    def run(self, work: Work, earlier: Row | None) -> None:
        """All of the revision is in the database when this returns, and the ledger says so.

        Raises LockTimeout or StatementFailed; then the ledger says how much of it is there.
        """
        row = self._begin(work, earlier)
        try:
            if work.each:
                self._one_by_one(work, row)
            else:
                self._whole(work, row)
        except (LockTimeout, StatementFailed) as error:
            self._note_failure(work, row, error)
            raise
        self._session.forget_settings()
        self._session.tell(f"{work.revision.revision}: applied")

    def execute(self, where: str, run: Callable[[], Any]) -> Any:
        """Runs it under the watch, which says every few seconds that it still runs, and what it waits for."""

        def tick(elapsed: float, holders: tuple[Holder, ...]) -> None:
            behind = f", waits for {holders[0]}" if holders else ""
            self._session.tell(f"{where}: still running after {elapsed:.0f} s{behind}")

        with self._session.watch.over(self._session.pid, tick):
            return run()

    def retry(self, where: str, attempt: Callable[[], Any], attempts: int = 0) -> Any:
        """What `attempt` returns, tried again while other sessions stand in its way; it leaves nothing behind when it
        fails. Raises LockTimeout, naming who held it up, after the last try.
        """
        limits = self._request.limits
        attempts = attempts or limits.attempts
        for number in count(1):
            self._session.watch.holders = ()
            try:
                return attempt()
            except AGAIN as error:
                if is_lost(self._session.connection, error):
                    raise
                holders = self._session.watch.holders
                if number >= attempts or self._session.deadline.over:
                    raise self._given_up(where, number, holders, error) from None
                pause = min(BACKOFF[0] * 2 ** (number - 1), BACKOFF[1])
                if number & (number - 1) == 0:
                    who = f"; held by {holders[0]}" if holders else ""
                    self._session.tell(
                        f"{where}: try {number} of {attempts} let go again: {_short(error)}{who}"
                    )
                self._session.sleep(pause)
        raise AssertionError

    def write(self, row: Row, **changes: Any) -> Row:
        """The row with the changes, in the ledger."""
        self._session.check_lock(row.revision)
        changed = replace(row, waits=self._session.watch.waits.as_mapping(), **changes)
        ledger.write(self._session.connection, changed)
        return changed

    def failed(self, where: str, error: psycopg.Error, state: str) -> StatementFailed:
        """The error for a statement that PostgreSQL refused."""
        return StatementFailed(
            f"{where} failed",
            expected="a statement that PostgreSQL can do",
            seen=_short(error),
            state=state,
            next="change the file, and build the version again; or see to the data, and run the same again",
        )

    def _begin(self, work: Work, earlier: Row | None) -> Row:
        self._session.watch.reset()
        now = self._session.connection.execute("SELECT clock_timestamp()").fetchone()
        request, revision = self._request, work.revision
        row = Row(
            revision=revision.revision,
            kind=revision.kind,
            checksum=revision.checksum,
            file=revision.file,
            release=request.release,
            version=request.version,
            by=request.by,
            outcome="running",
            started=now[0] if now else None,
            statements=len(work.statements),
        )
        if earlier is None or not earlier.touched:
            return row
        return replace(
            row,
            started=earlier.started,
            statements_done=earlier.statements_done,
            statement_begun=earlier.statement_begun,
            done_digest=earlier.done_digest,
        )

    def _whole(self, work: Work, row: Row) -> None:
        place = [0]

        def attempt() -> None:
            with self._session.connection.transaction():
                with self._session.as_owner():
                    for place[0], statement in enumerate(work.statements, 1):
                        self._say(work, place[0])
                        self.execute(self._where(work, place[0]), partial(self._sql, statement))
                self.write(
                    row,
                    outcome="applied",
                    statements_done=len(work.statements),
                    done_digest=digest(work.statements),
                    error="",
                )

        try:
            self.retry(work.revision.revision, attempt)
        except psycopg.Error as error:
            if is_lost(self._session.connection, error):
                raise
            where = self._where(work, place[0])
            raise self.failed(where, error, "the revision is rolled back; the schema is as it was") from None

    def _one_by_one(self, work: Work, row: Row) -> None:
        done = work.statements[: row.statements_done]
        if row.statements_done and row.done_digest != digest(done):
            raise self._other_beginning(work, row)
        if row.statements_done:
            self._session.tell(
                f"{row.revision}: {row.statements_done} of {row.statements} statements are applied, going on"
            )
        for statement in done:
            if statement.sets_the_session:
                self._sql(statement)
        row = self.write(row)
        for number in range(row.statements_done + 1, len(work.statements) + 1):
            self._say(work, number)
            try:
                row = self._one(work, number, row)
            except psycopg.Error as error:
                if is_lost(self._session.connection, error):
                    raise
                raise self.failed(self._where(work, number), error, _so_far(number - 1, work)) from None

    def _one(self, work: Work, number: int, row: Row) -> Row:
        statement = work.statements[number - 1]
        where = self._where(work, number)
        after = {
            "outcome": "applied" if number == len(work.statements) else "running",
            "statements_done": number,
            "done_digest": digest(work.statements[:number]),
            "error": "",
        }
        if statement.outside:
            return self._outside(statement, where, number, row, after)

        def attempt() -> Row:
            with self._session.connection.transaction():
                with self._session.as_owner():
                    self.execute(where, partial(self._sql, statement))
                return self.write(row, **after)

        return self.retry(where, attempt)  # type: ignore[no-any-return]

    def _outside(self, statement: Statement, where: str, number: int, row: Row, after: dict[str, Any]) -> Row:
        patience = int(1000 * min(self._request.limits.patience, max(1.0, self._session.deadline.left())))
        waiting = patience if statement.concurrent else self._request.limits.lock_timeout_ms
        rows = [row]

        def attempt() -> Row:
            begun = rows[0].statement_begun >= number
            with self._session.owner_outside(waiting):
                found = leftovers.find(self._session.connection, statement, begun)
                self._remove(found.remove, where)
            if not begun:
                rows[0] = self.write(rows[0], statement_begun=number)
            if found.run is None:
                self._session.tell(f"{where}: an earlier run had done it")
            else:
                with self._session.owner_outside(waiting):
                    self.execute(where, partial(self._sql, found.run))
            return self.write(rows[0], **after)

        try:
            return self.retry(where, attempt, attempts=1 if statement.concurrent else 0)  # type: ignore[no-any-return]
        except (LockTimeout, psycopg.Error) as error:
            if not is_lost(self._session.connection, error):
                self._clean_up(statement, where)
            raise

    def _remove(self, indexes: tuple[str, ...], where: str) -> None:
        for index in indexes:
            self._session.tell(
                f"{where}: found the invalid index {index} of an interrupted build, removing it"
            )
            self._sql(Statement(f"DROP INDEX CONCURRENTLY IF EXISTS {index}", 1))

    def _clean_up(self, statement: Statement, where: str) -> None:
        """What a failed build has left goes at once, if that can be had without waiting long."""
        try:
            with self._session.owner_outside(CLEANING_MS):
                self._remove(leftovers.find(self._session.connection, statement, True).remove, where)
        except psycopg.Error as error:
            if is_lost(self._session.connection, error):
                raise
            self._session.tell(f"{where}: what it left is removed by the next run: {_short(error)}")

    def _sql(self, statement: Statement) -> None:
        self._session.connection.execute(statement.text.encode())

    def _say(self, work: Work, number: int) -> None:
        self._session.tell(f"{self._where(work, number)}: {work.statements[number - 1].summary}")

    def _where(self, work: Work, number: int) -> str:
        return f"{work.revision.revision}, statement {number} of {len(work.statements)}"

    def _note_failure(self, work: Work, row: Row, error: MigratorError) -> None:
        """The ledger keeps the last failure; the counts in it are the newest, not this run's first."""
        rows = {one.revision: one for one in ledger.read(self._session.connection)}
        newest = rows.get(work.revision.revision, row)
        if not newest.applied:
            text = f"{error.what}: {error.seen}"
            self.write(
                replace(
                    newest,
                    release=row.release,
                    version=row.version,
                    by=row.by,
                    checksum=row.checksum if not newest.touched else newest.checksum,
                ),
                outcome="failed",
                error=text,
            )

    def _given_up(
        self, where: str, number: int, holders: tuple[Holder, ...], error: psycopg.Error
    ) -> LockTimeout:
        limits = self._request.limits
        seen = "\n".join(f"held by {holder}" for holder in holders) or _short(error)
        return LockTimeout(
            f"{where} gave up waiting for a lock",
            expected=f"the lock within {limits.lock_timeout_ms} ms, in one of {number} tries",
            seen=seen,
            state="the statement is taken back, nothing waits behind it; whatever serves goes on as before",
            next="let that session end its transaction, or end it: "
            + (f"SELECT pg_terminate_backend({holders[0].pid}); " if holders else "")
            + "then the same command again",
        )

    def _other_beginning(self, work: Work, row: Row) -> ChecksumChanged:
        return ChecksumChanged(
            f"{work.revision.file} was changed in statements that are applied already",
            expected=f"the same first {row.statements_done} statements as release {row.release} applied "
            f"(digest {row.done_digest})",
            seen=f"digest {digest(work.statements[: row.statements_done])}, file {work.revision.checksum}",
            state=f"{row.statements_done} of the former statements are in the database, and nothing else was run",
            next="put those statements back as they were; change only what comes after them",
        )


def _short(error: psycopg.Error) -> str:
    """The server's own line, without the details: these quote the application's rows."""
    message = error.diag.message_primary or " ".join(str(error).split())
    hint = f" (hint: {error.diag.message_hint})" if error.diag.message_hint else ""
    return f"{message} [{error.sqlstate or 'no SQLSTATE'}]{hint}"


def _so_far(done: int, work: Work) -> str:
    if done == 0:
        return "nothing of the revision is in the database"
    return f"statements 1 to {done} of {len(work.statements)} are in the database; the next run goes on after them"
