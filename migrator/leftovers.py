"""What an interrupted statement that has no transaction leaves behind, and what is to be done about it.

A CREATE INDEX CONCURRENTLY that fails leaves an invalid index: it costs every write, serves no read, and
`IF NOT EXISTS` takes it for the index that is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from migrator.statements import Statement
from migrator.tokens import Token

_INDEX = """
SELECT i.indexrelid::regclass::text, i.indisvalid
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
WHERE i.indrelid = to_regclass(%s) AND c.relname = %s
"""

_REBUILDS = """
SELECT i.indexrelid::regclass::text
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'
  AND pg_has_role(c.relowner, 'MEMBER')
"""

_PARTITION = "SELECT inhdetachpending FROM pg_inherits WHERE inhparent = to_regclass(%s) AND inhrelid = to_regclass(%s)"


@dataclass(frozen=True)
class Findings:
    """What to do now: first remove the invalid indexes in `remove`, then run `run`; None when it is done already."""

    run: Statement | None
    remove: tuple[str, ...] = ()


def find(connection: Connection[Any], statement: Statement, begun: bool) -> Findings:
    """What the database has of the statement. `begun` says that an earlier run began it, so that what it makes, if it
    is there, is its work.
    """
    if statement.starts("CREATE"):
        name, table = _index_and_table(statement)
        found = connection.execute(_INDEX, (table, name)).fetchone()
        if found and not found[1]:
            return Findings(statement, (found[0],))
        return Findings(None if found and begun else statement)
    if not begun:
        return Findings(statement)
    if statement.starts("DROP INDEX"):
        (name, *_) = _names(statement, after="CONCURRENTLY")
        there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (name,)).fetchone()
        return Findings(statement if there and there[0] else None)
    if statement.starts("REINDEX"):
        return Findings(statement, tuple(row[0] for row in connection.execute(_REBUILDS).fetchall()))
    if statement.detaching:
        return _detached(connection, statement)
    return Findings(statement)


def _detached(connection: Connection[Any], statement: Statement) -> Findings:
    (parent, *_) = _names(statement, after="TABLE")
    (partition, *_) = _names(statement, after="PARTITION")
    found = connection.execute(_PARTITION, (parent, partition)).fetchone()
    if found is None:
        return Findings(None)
    if found[0]:
        return Findings(
            Statement(f"ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE", statement.line)
        )
    return Findings(statement)


def _index_and_table(statement: Statement) -> tuple[str, str]:
    (name, *_) = _names(statement, after="CONCURRENTLY")
    (table, *_) = _names(statement, after="ON")
    bare = name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
    return bare, table


def _names(statement: Statement, after: str) -> list[str]:
    """The names that follow the first `after`, as they are written, schema and all."""
    tokens = list(statement.tokens)
    place = next(i for i, token in enumerate(tokens) if token.word == after) + 1
    while tokens[place].word in ("IF", "NOT", "EXISTS", "ONLY"):
        place += 1
    text = tokens[place].text
    while _text(tokens, place + 1) == ".":
        text += f".{_text(tokens, place + 2)}"
        place += 2
    return [text]


def _text(tokens: list[Token], place: int) -> str:
    return tokens[place].text if place < len(tokens) else ""
