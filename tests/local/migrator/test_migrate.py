"""A run from the request to the login, on a real PostgreSQL."""

from __future__ import annotations

import resource

import psycopg
import pytest

TABLE = "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text);\n"


def processor_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def test_a_first_run_makes_the_schema_the_roles_the_login_and_the_ledger(place):
    place.add("0001_users.expand.sql", f"-- revision: 0001\n{TABLE}INSERT INTO users (email) VALUES ('a;b');")
    ran = place.applied()
    assert "0001, statement 1 of 2: CREATE TABLE users" in ran.out
    login = place.secret("login")
    assert login["DATABASE_USER"] == "app_aaaa0001"
    with place.server.connect(
        place.database, login["DATABASE_USER"], login["DATABASE_PASSWORD"]
    ) as application:
        assert application.execute("SELECT id, email FROM users").fetchall() == [(1, "a;b")]
        application.execute("INSERT INTO users (email) VALUES ('c')")
        for forbidden in ("DROP TABLE users", "CREATE TABLE mine ()", "SELECT * FROM uneventful.migrations"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(forbidden.encode())
    row = place.ledger()["0001"]
    assert (row["outcome"], row["release"], row["version"], row["by"]) == (
        "applied",
        "aaaa0001",
        "1",
        "a test",
    )
    assert row["checksum"] == place.revisions[0]["checksum"]
    assert row["started"] <= row["ended"]
    assert place.query("SELECT tableowner FROM pg_tables WHERE tablename = 'users'") == [("app_owner",)]


def test_a_second_run_does_nothing_in_under_a_second(place):
    place.add("0001_users.expand.sql", TABLE)
    place.applied()
    before = place.ledger()
    login = place.secret("login")
    begun = processor_seconds()
    ran = place.spawned()
    # Nobody else's load counts, so it must also be seen that it waits for nothing.
    assert processor_seconds() - begun < 1.0
    assert place.run(sleep=lambda seconds: pytest.fail("it waits")).status == 0
    assert "nothing to do" in ran.out
    assert place.ledger() == before
    assert place.secret("login") == login


def test_nothing_secret_is_printed(place):
    place.add("0001_users.expand.sql", TABLE + "INSERT INTO users (email) VALUES ('hush-hush@example.org');")
    ran = place.spawned()
    assert ran.status == 0
    password = place.secret("login")["DATABASE_PASSWORD"]
    for secret in (password, "master-s3cret", "hush-hush", "SCRAM-SHA"):
        assert secret not in ran.text
