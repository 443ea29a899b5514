"""Where a batch's size and position go into its statement."""

from __future__ import annotations

import hashlib

import pytest

from migrator import backfill
from migrator.errors import StatementError
from migrator.revisions import Revision


class Recorder:
    """A connection that keeps what it is sent."""

    rowcount = 2

    def __init__(self, rows):
        self.sent = []
        self.rows = rows

    def execute(self, statement):
        self.sent.append(statement.decode())
        return self

    def fetchall(self):
        return self.rows


def batches(text):
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return backfill.prepare(Revision("0002", "backfill", "0002_x.backfill.sql", checksum), text)


def test_size_and_position_stand_where_they_are_named_and_nowhere_else():
    head = "-- batch: 7\n-- pause: 0.5\n"
    text = f"{head}UPDATE t SET a = ':batch', b = c::batch WHERE id > :position LIMIT :batch RETURNING id"
    prepared = batches(text)
    connection = Recorder([(9,), (10,), (None,)])
    assert prepared.pause == 0.5
    assert prepared.one(connection, "it's") == (2, "10")
    assert connection.sent == [
        "UPDATE t SET a = ':batch', b = c::batch WHERE id > 'it''s' LIMIT 7 RETURNING id"
    ]
    prepared.one(connection, None)
    assert "id > NULL" in connection.sent[1]


def test_a_position_that_nothing_returns_is_refused():
    with pytest.raises(StatementError, match=":position without RETURNING"):
        batches("UPDATE t SET a = 1 WHERE id > :position")


def test_more_than_one_statement_is_refused():
    with pytest.raises(StatementError, match="has 2 statements"):
        batches("UPDATE t SET a = 1; UPDATE t SET b = 1")


def test_a_position_beside_skip_locked_is_refused():
    with pytest.raises(StatementError, match=":position and SKIP LOCKED"):
        batches(
            "WITH a AS (SELECT id FROM t WHERE id > :position FOR UPDATE SKIP LOCKED) SELECT 1 RETURNING 1"
        )
