"""The ledger: the database's own table of the revisions that it has, `uneventful.migrations`.

It belongs to the master user, not to the application's owner: a revision cannot write it, and neither can the
application. A row is written in the transaction of the change that it tells of, so it is true at every
instant; where a change cannot have a transaction, the row says before that it begins and after that it ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

Outcome = Literal["applied", "running", "failed"]

_CREATE = """
CREATE SCHEMA IF NOT EXISTS uneventful;
CREATE TABLE IF NOT EXISTS uneventful.migrations (
    place bigint GENERATED ALWAYS AS IDENTITY,
    revision text PRIMARY KEY,
    kind text NOT NULL,
    checksum text NOT NULL,
    file text NOT NULL,
    release text NOT NULL,
    version text NOT NULL,
    by text NOT NULL,
    started timestamptz NOT NULL,
    ended timestamptz,
    outcome text NOT NULL,
    statements integer NOT NULL,
    statements_done integer NOT NULL,
    statement_begun integer NOT NULL,
    done_digest text NOT NULL,
    rows bigint NOT NULL,
    position text,
    waits jsonb NOT NULL,
    error text NOT NULL
);
"""

_COLUMNS = (
    "revision, kind, checksum, file, release, version, by, started, ended, outcome, statements, "
    "statements_done, statement_begun, done_digest, rows, position, waits, error"
)

_WRITE = """
INSERT INTO uneventful.migrations AS ledger (revision, kind, checksum, file, release, version, by, started, ended,
    outcome, statements, statements_done, statement_begun, done_digest, rows, position, waits, error)
VALUES (%(revision)s, %(kind)s, %(checksum)s, %(file)s, %(release)s, %(version)s, %(by)s,
    coalesce(%(started)s, clock_timestamp()), CASE WHEN %(outcome)s = 'running' THEN NULL ELSE clock_timestamp() END,
    %(outcome)s, %(statements)s, %(statements_done)s, %(statement_begun)s, %(done_digest)s, %(rows)s, %(position)s,
    %(waits)s, %(error)s)
ON CONFLICT (revision) DO UPDATE SET (kind, checksum, file, release, version, by, started, ended, outcome,
    statements, statements_done, statement_begun, done_digest, rows, position, waits, error) =
    (excluded.kind, excluded.checksum, excluded.file, excluded.release, excluded.version, excluded.by,
    excluded.started, excluded.ended, excluded.outcome, excluded.statements, excluded.statements_done,
    excluded.statement_begun, excluded.done_digest, excluded.rows, excluded.position, excluded.waits, excluded.error)
WHERE ledger.outcome <> 'applied'
RETURNING started
"""


@dataclass(frozen=True)
class Row:
    """One revision in this database.

    `statements_done` of its `statements` are committed, whose text has the digest `done_digest`;
    `statement_begun` is the last one (from 1) that was begun outside a transaction. `rows` and `position` are
    how far a backfill is. `waits` says what the application's sessions waited meanwhile, as it was sampled.
    """

    revision: str
    kind: str
    checksum: str
    file: str
    release: str
    version: str
    by: str
    outcome: Outcome
    started: datetime | None = None
    ended: datetime | None = None
    statements: int = 0
    statements_done: int = 0
    statement_begun: int = 0
    done_digest: str = ""
    rows: int = 0
    position: str | None = None
    waits: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def applied(self) -> bool:
        """Whether all of it is in the database."""
        return self.outcome == "applied"

    @property
    def touched(self) -> bool:
        """Whether any of it is, or may be."""
        return self.applied or self.statements_done > 0 or self.statement_begun > 0 or self.rows > 0


def exists(connection: Connection[Any]) -> bool:
    """Whether the database has a ledger at all."""
    found = connection.execute("SELECT to_regclass('uneventful.migrations')").fetchone()
    return bool(found and found[0])


def create(connection: Connection[Any]) -> None:
    """Makes the table where there is none. Only under the migrators' lock: two at once would collide."""
    if not exists(connection):
        with connection.transaction():
            connection.execute(_CREATE)


def read(connection: Connection[Any]) -> tuple[Row, ...]:
    """All rows, in the order in which the revisions first came; none where there is no table."""
    if not exists(connection):
        return ()
    with connection.cursor(row_factory=dict_row) as cursor:
        query = f"SELECT {_COLUMNS} FROM uneventful.migrations ORDER BY place"
        return tuple(Row(**row) for row in cursor.execute(query.encode()).fetchall())


def write(connection: Connection[Any], row: Row) -> None:
    """Puts the row in the place of an earlier one, in the transaction that is open, if one is.

    A row that says 'applied' is never written over: that another runner wrote it meanwhile is a RuntimeError,
    which rolls the transaction back.
    """
    values = asdict(row) | {"waits": Jsonb(dict(row.waits))}
    if connection.execute(_WRITE, values).fetchone() is None:
        raise RuntimeError(f"the ledger has {row.revision} as applied already")


def dump(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as JSON's own types; times as ISO 8601."""
    return [json.loads(json.dumps(asdict(row), default=datetime.isoformat)) for row in rows]
