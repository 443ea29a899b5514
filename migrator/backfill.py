"""Changing many rows beside a living application: batch after batch, each its own short transaction.

How far it is stands in the ledger, written with each batch, so an interrupted backfill goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
from psycopg import Connection

from migrator.attempts import Attempts, failed
from migrator.connection import is_lost
from migrator.errors import BundleUnreadable, DeadlineOver, StatementError
from migrator.ledger import Row
from migrator.rendering import function, load
from migrator.revisions import Revision, header
from migrator.statements import Statement, split
from migrator.tokens import scan

SIZE = 1000
PAUSE = 0.05
TELL_EVERY = 5.0

Batch = Callable[[Connection[Any], str | None], tuple[int, str | None]]


@dataclass(frozen=True)
class Batches:
    """`one(connection, position)` does the next batch in the open transaction: the rows that it changed, 0 at the end,
    and the position after it. `pause` is in seconds.
    """

    one: Batch
    pause: float


def prepare(revision: Revision, text: str) -> Batches:
    """The batches of a backfill's file. Raises BundleUnreadable or StatementError.

    In SQL it is one statement, in which `:batch` stands for the size (`-- batch: 1000`) and `:position` for the
    greatest value of the first column that the batch before RETURNED, as a text, NULL at first. SKIP LOCKED leaves out
    what the application holds, until nothing else is left; then that is waited for. In Python it is
    `batch(connection)`, a psycopg connection with the transaction open, which returns the number of rows.
    """
    if revision.in_python:
        module = load(text, revision.file)
        return Batches(
            _in_python(function(module, "batch", revision.file), revision.file), _pause(vars(module))
        )
    head = header(text)
    statements = split(text, revision.file)
    if len(statements) != 1:
        raise StatementError(
            f"{revision.file} has {len(statements)} statements",
            expected="one, which changes one batch of rows",
            state="nothing was run",
            next="change the file, and build the version again",
        )
    return Batches(_in_sql(statements[0], int(head.get("batch", SIZE)), revision.file), _pause(head))


def run(attempts: Attempts, revision: Revision, batches: Batches, row: Row) -> None:
    """Batch after batch until one changes nothing. Raises LockTimeout, StatementFailed or DeadlineOver; what is
    done stays done.
    """
    session, where = attempts.session, f"{revision.revision}, backfill"
    if row.checksum != revision.checksum:
        attempts.tell(f"{where}: its text was changed, beginning with the first row again")
        row = attempts.write(row, checksum=revision.checksum, file=revision.file, position=None)
    elif row.rows:
        attempts.tell(f"{where}: going on after {row.rows:,} rows")

    def attempt() -> tuple[int, Row]:
        with session.connection.transaction():
            with session.as_owner():
                rows, position = attempts.execute(
                    where, lambda: batches.one(session.connection, row.position)
                )
            outcome = "running" if rows else "applied"
            return rows, attempts.write(
                row, rows=row.rows + max(rows, 0), position=position, outcome=outcome, error=""
            )

    told = begun = session.clock()
    before = row.rows
    while True:
        try:
            rows, row = attempts.politely(where, attempt)
        except psycopg.Error as error:
            if is_lost(session.connection, error):
                raise
            raise failed(where, error, f"{row.rows:,} rows are done; this batch is rolled back") from None
        now = session.clock()
        if not rows or now - told >= TELL_EVERY:
            told = now
            speed = (row.rows - before) / max(now - begun, 0.001)
            attempts.tell(f"{where}: {row.rows:,} rows, {speed:,.0f} a second")
        if not rows:
            return
        if session.deadline.over:
            raise _unfinished(where, row, session.deadline.seconds)
        session.sleep(batches.pause)


def _in_sql(statement: Statement, size: int, file: str) -> Batch:
    returning = statement.holds("RETURNING")
    skipping = statement.holds("SKIP LOCKED")
    if ":position" in _filled(statement.text, {"batch": "1"}) and (skipping or not returning):
        raise StatementError(
            f"{file}, line {statement.line}: :position {'and SKIP LOCKED' if skipping else 'without RETURNING'}",
            expected="no SKIP LOCKED beside it: a row that is skipped would never be come back to"
            if skipping
            else "RETURNING and the column that the position is of",
            seen=statement.summary,
            state="nothing was run",
            next="change the file, and build the version again",
        )
    text, patient = statement.text, _without_skipping(statement.text)

    def one(connection: Connection[Any], position: str | None) -> tuple[int, str | None]:
        literal = "NULL" if position is None else "'" + position.replace("'", "''") + "'"
        values = {"batch": str(size), "position": literal}
        cursor = connection.execute(_filled(text, values).encode())
        if skipping and cursor.rowcount == 0:
            # Nothing left, or nothing that the application isn't holding just now: only waiting for it can tell.
            cursor = connection.execute(_filled(patient, values).encode())
        if not returning:
            return cursor.rowcount, position
        found = [row[0] for row in cursor.fetchall() if row[0] is not None]
        return cursor.rowcount, str(max(found)) if found else position

    return one


def _without_skipping(text: str) -> str:
    tokens = list(scan(text))
    words = [token for token in tokens if token.kind not in ("space", "comment")]
    skips = [pair for pair in pairwise(words) if (pair[0].word, pair[1].word) == ("SKIP", "LOCKED")]
    dropped = {id(token) for pair in skips for token in pair}
    return "".join(token.text for token in tokens if id(token) not in dropped)


def _filled(text: str, values: dict[str, str]) -> str:
    """The text with `:name` replaced; a cast's `::name` and a text's `':name'` are left alone."""
    pieces: list[str] = []
    for token in scan(text):
        named = token.text in values and pieces[-1:] == [":"] and pieces[-2:-1] != [":"]
        if named:
            pieces.pop()
        pieces.append(values[token.text] if named else token.text)
    return "".join(pieces)


def _in_python(batch: Callable[..., Any], file: str) -> Batch:
    def one(connection: Connection[Any], position: str | None) -> tuple[int, str | None]:
        try:
            rows = batch(connection)
        except psycopg.Error as error:
            if error.sqlstate or isinstance(error, psycopg.OperationalError):
                raise
            raise _bad(file, str(error)) from error
        except Exception as error:
            raise _bad(file, f"{type(error).__name__}: {error}") from error
        if not isinstance(rows, int) or rows < 0:
            raise _bad(file, f"batch() returned {rows!r}")
        return rows, position

    return one


def _bad(file: str, seen: str) -> BundleUnreadable:
    return BundleUnreadable(
        f"{file} does not work",
        expected="batch(connection) that returns the number of rows that it changed, 0 at the end",
        seen=seen,
        state="this batch is rolled back; those before it are done",
        next="change the file, and build the version again",
    )


def _pause(values: Any) -> float:
    return float(values.get("pause", PAUSE))


def _unfinished(where: str, row: Row, seconds: float) -> DeadlineOver:
    return DeadlineOver(
        f"{where} is not at its end",
        expected=f"an end within {seconds:.0f} s, the limit of a run",
        seen=f"{row.rows:,} rows done",
        state="what is done stays done, and whatever serves goes on as before",
        next="the same command again: it goes on where this one stopped",
    )
