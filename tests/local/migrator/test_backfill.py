"""Many rows, batch after batch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

TABLE = "CREATE TABLE users (id bigint PRIMARY KEY, email text, lowered text);\n"
BATCH = """-- revision: 0002
-- batch: 100
-- pause: 0.01
UPDATE users SET lowered = lower(email)
WHERE id IN (SELECT id FROM users WHERE id > coalesce(:position::bigint, 0) ORDER BY id LIMIT :batch)
RETURNING id;
"""


@pytest.fixture
def users(place):
    place.add("0001_users.expand.sql", TABLE)
    place.applied()
    place.query("INSERT INTO users SELECT i, 'A' || i || ':batch' FROM generate_series(1, 1050) i")
    return place


def test_it_goes_batch_by_batch_and_says_how_many_rows(users):
    users.add("0002_lower.backfill.sql", BATCH)
    ran = users.applied()
    assert "0002, backfill: 1,050 rows" in ran.out
    assert users.query("SELECT count(*) FROM users WHERE lowered = 'a' || id || ':batch'") == [(1050,)]
    row = users.ledger()["0002"]
    assert (row["outcome"], row["rows"], row["position"]) == ("applied", 1050, "1050")
    # Each batch was a transaction of its own: so many different ones have written the rows.
    assert users.query("SELECT count(DISTINCT xmin::text) FROM users") == [(11,)]


def test_killed_it_goes_on_where_it_was(users):
    users.add("0002_lower.backfill.sql", BATCH)
    with users.server.connect(users.database) as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT FROM users WHERE id = 550 FOR UPDATE")
        process = users.start(limits={"lock_timeout_ms": 20000})
        users.waiting("UPDATE users%")
        process.kill()
        process.communicate()
    assert users.ledger()["0002"]["rows"] == 500
    users.query("UPDATE users SET lowered = 'not again' WHERE id <= 500")
    ran = users.applied()
    assert "going on after 500 rows" in ran.out
    assert users.query("SELECT count(*) FROM users WHERE lowered = 'not again'") == [(500,)]
    assert users.ledger()["0002"]["rows"] == 1050


def test_time_over_between_two_batches_it_stops_and_goes_on_next_time(users):
    users.add("0002_lower.backfill.sql", BATCH.replace("0.01", "0.1"))
    ran = users.run(limits={"deadline": 0.3})
    assert ran.status == 1
    assert "is not at its end" in ran.err
    assert 0 < users.ledger()["0002"]["rows"] < 1050
    assert "going on after" in users.applied(limits={"deadline": 60}).out


def test_one_in_python_has_a_connection_and_no_way_to_commit(users):
    users.add(
        "0002_lower.backfill.py",
        "pause = 0.0\ndef batch(connection):\n    return connection.execute('UPDATE users SET lowered = lower(email) "
        "WHERE id IN (SELECT id FROM users WHERE lowered IS NULL LIMIT 500)').rowcount\n",
    )
    assert "1,050 rows" in users.applied().out
    users.add("0003_bad.backfill.py", "def batch(connection):\n    connection.commit()\n    return 0\n")
    ran = users.run()
    assert ran.status == 1
    assert "0003_bad.backfill.py does not work" in ran.text


def test_a_row_that_the_application_holds_is_skipped_and_not_forgotten(users):
    users.add(
        "0002_lower.backfill.sql",
        "UPDATE users SET lowered = lower(email) WHERE id IN "
        "(SELECT id FROM users WHERE lowered IS NULL ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED);",
    )
    with users.server.connect(users.database) as holder, ThreadPoolExecutor() as pool:
        holder.execute("BEGIN")
        holder.execute("SELECT 1 FROM users WHERE id = 5 FOR UPDATE")
        running = pool.submit(users.run, limits={"attempts": 20})
        users.waiting("UPDATE users%")
        assert users.ledger()["0002"]["rows"] == 1049
        assert users.ledger()["0002"]["outcome"] == "running"
        holder.execute("COMMIT")
        assert running.result().status == 0, running.result().text
    assert users.query("SELECT count(*) FROM users WHERE lowered IS NULL") == [(0,)]
