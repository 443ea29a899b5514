"""A change beside a living application: nobody waits long, and whoever is in the way is named."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from migrator.lock import KEY

MASTER_PASSWORD = "master-s3cret"

ADD = "ALTER TABLE users ADD COLUMN name text;"


@pytest.fixture
def users(place):
    place.add("0001_users.expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, email text);")
    place.applied()
    place.query("INSERT INTO users VALUES (1, 'a')")
    return place


def test_a_statement_that_cannot_have_its_lock_names_the_holder_and_leaves_everything_as_it_was(users):
    users.add("0002_name.expand.sql", "CREATE TABLE other ();" + ADD)
    login = users.secret("login")
    with users.server.connect(users.database, login["DATABASE_USER"], login["DATABASE_PASSWORD"]) as holder:
        holder.execute("SET application_name = 'report'")
        holder.execute("BEGIN")
        holder.execute("SELECT count(*) FROM users WHERE email <> 'hush-hush'")
        ran = users.run()
        assert ran.status == 1
        pid = holder.info.backend_pid
        assert f"held by session {pid} (user app_aaaa0001, application report, idle in transaction" in ran.err
        assert "SELECT count (*) FROM users WHERE" in ran.err
        assert "hush-hush" not in ran.text
        assert f"pg_terminate_backend({pid})" in ran.err
        assert users.query("SELECT to_regclass('other')") == [(None,)]
        assert users.ledger()["0002"]["outcome"] == "failed"
        holder.execute("COMMIT")
    assert users.applied().status == 0
    assert users.ledger()["0002"]["outcome"] == "applied"


def test_while_it_is_tried_again_no_reader_waits_longer_than_the_limit(users):
    users.add("0002_name.expand.sql", ADD)
    stop = threading.Event()
    with (
        users.server.connect(users.database) as holder,
        users.server.connect(users.database) as reader,
        ThreadPoolExecutor() as pool,
    ):
        # A prepared SELECT * breaks when a column comes: that is the application's own trap, not this test's.
        reader.prepare_threshold = None
        holder.execute("BEGIN")
        holder.execute("SELECT * FROM users")

        def read() -> float:
            longest = 0.0
            while not stop.is_set():
                begun = time.monotonic()
                reader.execute("SELECT * FROM users")
                longest = max(longest, time.monotonic() - begun)
                stop.wait(0.005)
            return longest

        longest = pool.submit(read)
        changed = pool.submit(users.applied, limits={"attempts": 40})
        for _ in range(2):
            users.waiting("ALTER TABLE users%")
        users.query("SELECT pg_sleep(0.7)")
        holder.execute("COMMIT")
        ran = changed.result()
        stop.set()
        assert longest.result() < 0.25
    assert "let go again" in ran.out
    waits = users.ledger()["0002"]["waits"]
    assert waits["samples"] > 0
    assert waits["sessions"] >= 1
    assert 0 < waits["longest_ms"] < 250


def test_a_second_migrator_waits_for_the_first_and_then_finds_nothing_to_do(users):
    users.add("0002_index.expand.sql", "CREATE INDEX CONCURRENTLY users_email ON users (email);")
    with users.server.connect(users.database) as holder, ThreadPoolExecutor() as pool:
        holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT 1")
        first = pool.submit(users.run, limits={"patience": 30})
        users.waiting("CREATE INDEX%")
        second = pool.submit(users.run)
        users.query("SELECT pg_sleep(0.5)")
        assert not second.done()
        holder.execute("COMMIT")
        assert first.result().status == 0, first.result().text
        assert second.result().status == 0, second.result().text
    assert "waits for another migrator: session" in second.result().out
    assert "nothing to do" in second.result().out
    assert users.invalid_indexes() == []


def test_a_migrator_that_has_waited_too_long_for_another_says_which(users):
    with users.server.connect(users.database, "master", MASTER_PASSWORD) as other:
        other.execute("SET application_name = 'uneventful migrator bbbb0002 run'")
        other.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        ran = users.run(limits={"deadline": 0.5})
        assert ran.status == 1
        assert f"session {other.info.backend_pid} (uneventful migrator bbbb0002 run)" in ran.err


def test_a_revision_that_lets_the_lock_go_is_rolled_back(users):
    users.add("0002_bad.expand.sql", ADD + "SELECT pg_advisory_unlock_all();")
    ran = users.run()
    assert ran.status == 1
    assert "released the migrators' lock" in ran.err
    assert (
        users.query(
            "SELECT attname FROM pg_attribute WHERE attname = 'name' AND attrelid = 'users'::regclass"
        )
        == []
    )
