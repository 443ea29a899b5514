"""The migrator, its connection or the server may end at any instant; the next run tells what is true and finishes."""

from __future__ import annotations

import random
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

TABLES = "".join(f"CREATE TABLE {name} (id bigint, email text);\n" for name in "abcde")
WHOLE = "ALTER TABLE a ADD x int;\nALTER TABLE c ADD x int;\nALTER TABLE e ADD x int;\n"
EACH = (
    "ALTER TABLE a ADD x int;\nCREATE INDEX CONCURRENTLY b_email ON b (email);\n"
    "ALTER TABLE c ADD x int;\nDROP INDEX CONCURRENTLY old;\nALTER TABLE e ADD x int;\n"
)
PATIENT = {"lock_timeout_ms": 20000, "patience": 20}


@pytest.fixture
def tables(place):
    place.add("0001_tables.expand.sql", TABLES + "CREATE INDEX old ON d (id);")
    place.applied()
    return place


def killed_while_waiting(place, like):
    process = place.start(limits=PATIENT)
    kill(place, process, place.waiting(like))


def kill(place, process, pid):
    """Returns when the server has noticed: it ends what a client that is gone has asked for."""
    process.kill()
    process.communicate()
    while place.query("SELECT 1 FROM pg_stat_activity WHERE pid = %s", pid):
        place.query("SELECT pg_sleep(0.05)")


def is_whole(place):
    columns = place.query(
        "SELECT count(*) FROM pg_attribute WHERE attname = 'x'"
        " AND attrelid IN ('a'::regclass, 'c'::regclass, 'e'::regclass)"
    )
    return columns == [(3,)] and place.invalid_indexes() == []


@pytest.mark.parametrize("table", ["a", "c", "e", "uneventful.migrations"])
def test_killed_in_a_transaction_it_begins_again_and_runs_it_once(tables, table):
    tables.add("0002_whole.expand.sql", WHOLE)
    with tables.server.connect(tables.database) as holder:
        holder.execute("BEGIN")
        holder.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
        killed_while_waiting(tables, f"%{table}%")
    ran = tables.applied()
    assert "to run: 0002" in ran.out
    assert is_whole(tables)
    assert tables.ledger()["0002"]["outcome"] == "applied"


@pytest.mark.parametrize(("table", "done"), [("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4)])
def test_killed_between_two_statements_it_goes_on_with_the_next(tables, table, done):
    tables.add("0002_each.expand.sql", EACH)
    with tables.server.connect(tables.database) as holder:
        holder.execute("BEGIN")
        holder.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE".encode())
        killed_while_waiting(tables, EACH.splitlines()[done].rstrip(";"))
    assert tables.ledger()["0002"]["statements_done"] == done
    tables.applied()
    assert is_whole(tables)
    assert tables.ledger()["0002"]["statements_done"] == 5
    assert tables.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'b_email'::regclass") == [(True,)]
    assert tables.query("SELECT to_regclass('old')") == [(None,)]


def test_killed_after_an_index_was_built_and_before_the_ledger_knew_it_is_not_built_twice(tables):
    tables.add("0002_each.expand.sql", EACH)
    with tables.server.connect(tables.database) as old, tables.server.connect(tables.database) as ledger:
        old.execute("BEGIN")
        old.execute("LOCK TABLE b IN ROW EXCLUSIVE MODE")
        process = tables.start(limits=PATIENT)
        tables.waiting("CREATE INDEX%")
        ledger.execute("BEGIN")
        ledger.execute("LOCK TABLE uneventful.migrations IN SHARE MODE")
        old.execute("COMMIT")
        kill(tables, process, tables.waiting("%INSERT INTO uneventful.migrations%"))
    built = tables.query("SELECT 'b_email'::regclass::oid")
    row = tables.ledger()["0002"]
    assert (row["statements_done"], row["statement_begun"], row["outcome"]) == (1, 2, "running")
    ran = tables.applied()
    assert "0002, statement 2 of 5: an earlier run had done it" in ran.out
    assert tables.query("SELECT 'b_email'::regclass::oid") == built
    assert is_whole(tables)


def test_after_a_lost_connection_it_reads_what_came_of_it_and_goes_on(tables):
    tables.add("0002_each.expand.sql", EACH)
    with tables.server.connect(tables.database) as holder, ThreadPoolExecutor() as pool:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE b IN ROW EXCLUSIVE MODE")
        running = pool.submit(tables.run, limits=PATIENT)
        tables.query("SELECT pg_terminate_backend(%s)", tables.waiting("CREATE INDEX%"))
        holder.execute("COMMIT")
        ran = running.result()
    assert ran.status == 0, ran.text
    assert "the connection is lost" in ran.out
    assert "0002: 1 of 5 statements are in the database" in ran.out
    assert "found the invalid index b_email" in ran.out
    assert is_whole(tables)


def test_a_server_that_is_away_for_a_moment_is_waited_for(tables):
    tables.add("0002_whole.expand.sql", WHOLE)
    with tables.server.connect(tables.database) as holder, ThreadPoolExecutor() as pool:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE e IN SHARE MODE")
        running = pool.submit(tables.run, limits=PATIENT)
        pid = tables.waiting("ALTER TABLE e%")
        with tables.server.connect() as admin:
            admin.execute(f"ALTER DATABASE {tables.database} CONNECTION LIMIT 0".encode())
            admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
            admin.execute("SELECT pg_sleep(0.5)")
            admin.execute(f"ALTER DATABASE {tables.database} CONNECTION LIMIT -1".encode())
        holder.execute("ROLLBACK")
        ran = running.result()
    assert ran.status == 0, ran.text
    assert is_whole(tables)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_takes_its_statement_back_and_frees_the_lock(tables, number):
    tables.add("0002_whole.expand.sql", WHOLE)
    with tables.server.connect(tables.database) as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE e IN SHARE MODE")
        process = tables.start(limits=PATIENT)
        tables.waiting("ALTER TABLE e%")
        process.send_signal(number)
        _, err = process.communicate(timeout=10)
        assert process.returncode == 130
        assert f"stopped by {number.name}" in err
        assert tables.query("SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass") == [(0,)]
    tables.applied()
    assert is_whole(tables)


def test_nobody_listening_any_more_is_told_to_stop(tables):
    tables.add("0002_whole.expand.sql", WHOLE)
    with tables.server.connect(tables.database) as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE e IN SHARE MODE")
        process = tables.start(limits={"lock_timeout_ms": 100, "attempts": 1000})
        tables.waiting("ALTER TABLE e%")
        process.stdout.close()
        process.wait(timeout=20)
        assert (process.returncode, "stopped by SIGHUP" in process.stderr.read()) == (130, True)
    tables.applied()
    assert is_whole(tables)


def test_killed_at_any_instant_it_ends_well(tables, rounds):
    tables.query("INSERT INTO b SELECT i, i::text FROM generate_series(1, 50000) i")
    chance = random.Random(4)
    for number in range(2, 2 + rounds):
        text = (
            EACH.replace(" x ", f" x{number} ")
            .replace("b_email", f"b_email_{number}")
            .replace("DROP INDEX CONCURRENTLY old", "VACUUM d")
        )
        tables.add(f"{number:04}_each.expand.sql", text)
        for _ in range(20):
            process = tables.start()
            assert "to run" in process.stdout.readline()
            try:
                process.wait(timeout=chance.uniform(0.0, 0.3))
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()
            if tables.ledger().get(f"{number:04}", {}).get("outcome") == "applied":
                break
            assert process.returncode == -signal.SIGKILL
        assert tables.ledger()[f"{number:04}"]["outcome"] == "applied"
        assert tables.invalid_indexes() == []
