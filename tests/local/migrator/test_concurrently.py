"""Statements that cannot run in a transaction, and what they leave when they are interrupted."""

from __future__ import annotations

import pytest

BUILD = "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email);"


@pytest.fixture
def users(place):
    place.add("0001_users.expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, email text);")
    place.applied()
    return place


def indexes(place):
    found = place.query(
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 'users'::regclass"
    )
    return dict(found)


def test_the_debris_of_a_failed_build_is_found_named_removed_and_built_again(users):
    users.query("INSERT INTO users VALUES (1, 'same'), (2, 'same')")
    with pytest.raises(Exception, match="could not create unique index"):
        users.query("CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email)")
    assert indexes(users)["users_email"] is False
    users.add("0002_index.expand.sql", BUILD)
    ran = users.applied()
    assert "found the invalid index users_email" in ran.out
    assert indexes(users)["users_email"] is True


def test_a_build_that_fails_leaves_no_invalid_index_and_goes_on_once_the_rows_are_good(users):
    users.query("INSERT INTO users VALUES (1, 'same'), (2, 'same')")
    users.add(
        "0002_index.expand.sql",
        "ALTER TABLE users ADD COLUMN name text;\nCREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);",
    )
    ran = users.run()
    assert ran.status == 1
    assert "0002, statement 2 of 2 failed" in ran.err
    assert "(email)=(same)" not in ran.text
    assert "statements 1 to 1 of 2 are in the database" in ran.err
    assert indexes(users) == {"users_pkey": True}
    users.query("DELETE FROM users WHERE id = 2")
    assert "statement 1 of 2 and those before it are applied" in users.applied().out
    assert indexes(users) == {"users_pkey": True, "users_email": True}


def test_a_build_that_waits_too_long_for_an_old_transaction_gives_up_and_cleans_up(users):
    users.add("0002_index.expand.sql", BUILD)
    with users.server.connect(users.database) as holder:
        holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT pg_current_xact_id()")
        ran = users.run(limits={"patience": 1})
        assert ran.status == 1
        assert f"held by session {holder.info.backend_pid} (user postgres" in ran.err
        assert indexes(users) == {"users_pkey": True}
        holder.execute("COMMIT")
    users.applied()
    assert indexes(users)["users_email"] is True


def test_an_index_of_that_name_that_this_revision_did_not_begin_is_not_taken_for_its_own(users):
    users.query("CREATE INDEX users_email ON users (id)")
    users.add("0002_index.expand.sql", "CREATE INDEX CONCURRENTLY users_email ON users (email);")
    ran = users.run()
    assert ran.status == 1
    assert 'relation "users_email" already exists' in ran.err


def test_a_value_that_a_type_has_just_got_can_be_used_in_the_next_statement(users):
    users.add(
        "0002_mood.expand.sql",
        "CREATE TYPE mood AS ENUM ('good');\nALTER TYPE mood ADD VALUE 'so-so';\n"
        "CREATE TABLE moods (mood mood DEFAULT 'so-so');\nVACUUM moods;\nDROP INDEX CONCURRENTLY IF EXISTS none;",
    )
    users.applied()
    assert users.ledger()["0002"]["statements_done"] == 5


def test_a_partition_that_is_half_detached_is_detached_in_the_end(users):
    users.add(
        "0002_parts.expand.sql",
        "CREATE TABLE parts (id int) PARTITION BY LIST (id);\nCREATE TABLE one PARTITION OF parts FOR VALUES IN (1);",
    )
    users.applied()
    users.add("0003_detach.expand.sql", "ALTER TABLE parts DETACH PARTITION one CONCURRENTLY;")
    with users.server.connect(users.database) as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT * FROM parts")
        assert users.run().status == 1
        assert users.query("SELECT inhdetachpending FROM pg_inherits") == [(True,)]
        holder.execute("COMMIT")
    users.applied()
    assert users.query("SELECT inhdetachpending FROM pg_inherits") == []


def test_a_long_validation_has_a_transaction_of_its_own_and_so_holds_no_other_lock(users):
    users.add(
        "0002_check.expand.sql",
        "ALTER TABLE users ADD CONSTRAINT filled CHECK (email IS NOT NULL) NOT VALID;\n"
        "ALTER TABLE users VALIDATE CONSTRAINT filled;\nALTER TABLE users ALTER COLUMN email SET NOT NULL;",
    )
    users.applied()
    assert users.ledger()["0002"]["statements_done"] == 3
    written = users.query(
        "SELECT xmin::text FROM pg_constraint WHERE conname = 'filled' UNION "
        "SELECT xmin::text FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'email'"
    )
    assert len(written) == 2


def test_two_migrators_at_once_apply_every_revision_once_and_leave_no_invalid_index(users, rounds):
    for number in range(2, 2 + rounds):
        users.add(
            f"{number:04}_index.expand.sql",
            f"CREATE TABLE t{number} (id bigint, email text);\n"
            f"CREATE INDEX CONCURRENTLY t{number}_email ON t{number} (email);",
        )
        first, second = users.start(), users.start()
        for process in (first, second):
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, out + err
        assert users.ledger()[f"{number:04}"]["outcome"] == "applied"
        assert users.query(f"SELECT count(*) FROM pg_class WHERE relname = 't{number}_email'") == [(1,)]
        assert users.invalid_indexes() == []
