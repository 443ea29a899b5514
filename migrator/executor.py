"""Runs one revision and keeps the ledger true at every instant.

A revision is one transaction, ledger row and all. One that holds a statement that must be alone (`Statement.alone`)
goes statement by statement instead, each with the ledger's count of statements in its own transaction; what cannot
have one is `outside`'s, and a `backfill` goes batch by batch. Alembic's own runner has neither a lock nor a checksum,
and after an `autocommit_block` that fails it has committed what it has no stamp for; so Alembic writes the SQL of a
revision in Python (`rendering`), and this runs it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import psycopg

from migrator import backfill, ledger, outside
from migrator.attempts import Attempts, failed
from migrator.backfill import Batches
from migrator.connection import is_lost
from migrator.errors import ChecksumChanged, MigratorError
from migrator.ledger import Row
from migrator.request import Request
from migrator.revisions import Revision
from migrator.session import Session
from migrator.statements import Statement, digest


@dataclass(frozen=True)
class Work:
    """A revision's statements; `each`: one by one rather than in one transaction. A backfill has `batches` instead."""

    revision: Revision
    statements: tuple[Statement, ...] = ()
    each: bool = False
    batches: Batches | None = None


class Executor:
    """Runs revisions in a session that holds the lock. A lost connection is let through: see `is_lost`."""

    def __init__(self, session: Session, request: Request) -> None:
        self._session = session
        self._request = request
        self._attempts = Attempts(session, request)

    def run(self, work: Work, earlier: Row | None) -> None:
        """All of the revision is in the database when this returns, and the ledger says so.

        Raises LockTimeout, StatementFailed or DeadlineOver; then the ledger says how much of it is there.
        """
        row = self._begin(work, earlier)
        try:
            if work.batches is not None:
                backfill.run(self._attempts, work.revision, work.batches, row)
            elif work.each:
                self._one_by_one(work, row)
            else:
                self._whole(work, row)
        except MigratorError as error:
            self._note_failure(row, error)
            raise
        self._session.forget_settings()
        self._session.tell(f"{work.revision.revision}: applied")

    def _begin(self, work: Work, earlier: Row | None) -> Row:
        """The row of a revision that begins, or goes on after `earlier`."""
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
            rows=earlier.rows,
            position=earlier.position,
            checksum=earlier.checksum if work.batches else row.checksum,
        )

    def _whole(self, work: Work, row: Row) -> None:
        number = 0

        def attempt() -> None:
            nonlocal number
            with self._session.connection.transaction():
                with self._session.as_owner():
                    for number, statement in enumerate(work.statements, 1):
                        self._say(work, number)
                        run = partial(self._attempts.sql, statement)
                        self._attempts.execute(_where(work, number), run)
                done = {"statements_done": len(work.statements), "done_digest": digest(work.statements)}
                self._attempts.write(row, outcome="applied", error="", **done)

        try:
            self._attempts.politely(work.revision.revision, attempt)
        except psycopg.Error as error:
            if is_lost(self._session.connection, error):
                raise
            state = "the revision is rolled back: the schema is as it was before it"
            raise failed(_where(work, number), error, state) from None

    def _one_by_one(self, work: Work, row: Row) -> None:
        done = work.statements[: row.statements_done]
        if done:
            if row.done_digest != digest(done):
                raise _other_beginning(work, row)
            self._session.tell(f"{_where(work, len(done))} and those before it are applied, going on")
        for statement in done:
            if statement.sets_the_session:
                self._attempts.sql(statement)
        row = self._attempts.write(row)
        for number in range(len(done) + 1, len(work.statements) + 1):
            self._say(work, number)
            try:
                row = self._one(work, number, row)
            except psycopg.Error as error:
                if is_lost(self._session.connection, error):
                    raise
                raise failed(_where(work, number), error, _so_far(number - 1, work)) from None

    def _one(self, work: Work, number: int, row: Row) -> Row:
        statement, where = work.statements[number - 1], _where(work, number)
        after: dict[str, Any] = {
            "outcome": "applied" if number == len(work.statements) else "running",
            "statements_done": number,
            "done_digest": digest(work.statements[:number]),
            "error": "",
        }
        if statement.outside:
            return outside.run(self._attempts, statement, where, number, row, after)

        def attempt() -> Row:
            with self._session.connection.transaction():
                with self._session.as_owner():
                    self._attempts.execute(where, partial(self._attempts.sql, statement))
                return self._attempts.write(row, **after)

        return self._attempts.politely(where, attempt)

    def _say(self, work: Work, number: int) -> None:
        self._session.tell(f"{_where(work, number)}: {work.statements[number - 1].summary}")

    def _note_failure(self, row: Row, error: MigratorError) -> None:
        """The ledger keeps the last failure, beside the counts that are committed."""
        rows = {one.revision: one for one in ledger.read(self._session.connection)}
        newest = rows.get(row.revision)
        if newest is None or not newest.touched:
            newest = row
        if not newest.applied:
            self._attempts.write(newest, outcome="failed", error=f"{error.what}: {error.seen}")


def _where(work: Work, number: int) -> str:
    return f"{work.revision.revision}, statement {number} of {len(work.statements)}"


def _so_far(done: int, work: Work) -> str:
    if done == 0:
        return "nothing of the revision is in the database"
    return f"statements 1 to {done} of {len(work.statements)} are in the database; the next run goes on after them"


def _other_beginning(work: Work, row: Row) -> ChecksumChanged:
    return ChecksumChanged(
        f"{work.revision.file} was changed in statements that are applied already",
        expected=f"its first {row.statements_done} statements as they were applied (digest {row.done_digest})",
        seen=f"digest {digest(work.statements[: row.statements_done])} (file {work.revision.checksum})",
        state=f"{row.statements_done} of the former statements are in the database, and nothing else was run",
        next="put those statements back as they were; change only what comes after them",
    )
