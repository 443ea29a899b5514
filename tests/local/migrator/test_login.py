"""A release's login: made once, kept while it works, made good when it doesn't."""

from __future__ import annotations

import json

from psycopg import sql


def test_a_login_whose_secret_was_lost_gets_another_password_and_one_that_works_is_left_alone(place):
    place.applied()
    first = place.secret("login")
    place.applied()
    assert place.secret("login") == first
    (place.folder / "secrets" / "login").unlink()
    assert "login app_aaaa0001: has a new password" in place.applied().out
    second = place.secret("login")
    assert second["DATABASE_PASSWORD"] != first["DATABASE_PASSWORD"]
    place.server.connect(place.database, second["DATABASE_USER"], second["DATABASE_PASSWORD"]).close()


def test_a_secret_that_was_written_before_the_role_was_made_good_is_replaced(place):
    place.applied()
    path = place.folder / "secrets" / "login"
    path.write_text(
        json.dumps(json.dumps({"DATABASE_USER": "app_aaaa0001", "DATABASE_PASSWORD": "never-set"}))
    )
    ran = place.applied()
    assert "does not work, making another" in ran.out
    assert "never-set" not in ran.text
    login = place.secret("login")
    place.server.connect(place.database, login["DATABASE_USER"], login["DATABASE_PASSWORD"]).close()


def test_no_password_reaches_the_server_in_words(place):
    place.applied()
    password = place.secret("login")["DATABASE_PASSWORD"]
    assert password not in place.server.log()
    assert "SCRAM-SHA-256$" in place.server.log()


def test_the_master_users_password_may_change_between_two_connections(place):
    place.add("0001_t.expand.sql", "CREATE TABLE t ();")
    secrets = place.folder / "secrets" / "master"
    before = secrets.read_text()
    change = sql.SQL("ALTER ROLE master PASSWORD {}")
    try:
        place.query(change.format(sql.Literal("rotated")).as_string())
        assert "cannot be reached" in place.run().err
        secrets.write_text(before.replace("master-s3cret", "rotated"))
        assert place.applied().status == 0
    finally:
        place.query(change.format(sql.Literal("master-s3cret")).as_string())


def test_the_status_is_the_ledger_and_the_logins_as_json_and_nothing_else(place):
    empty = json.loads(place.applied("status").out)
    assert empty["migrations"] == []
    place.add("0001_t.expand.sql", "CREATE TABLE t ();")
    place.applied()
    status = json.loads(place.spawned("status").out)
    (row,) = status["migrations"]
    assert (row["revision"], row["outcome"], row["checksum"]) == (
        "0001",
        "applied",
        place.revisions[0]["checksum"],
    )
    assert {"release": "aaaa0001", "role": "app_aaaa0001", "open": True, "sessions": 0} in status["logins"]


def test_what_an_application_may_do_with_later_tables_is_given_as_they_are_made(place):
    place.applied()
    place.add("0001_t.expand.sql", "CREATE SCHEMA shop; CREATE TABLE shop.orders (id serial, kind text);")
    place.applied()
    login = place.secret("login")
    with place.server.connect(
        place.database, login["DATABASE_USER"], login["DATABASE_PASSWORD"]
    ) as application:
        application.execute("INSERT INTO shop.orders (kind) VALUES ('x')")
        application.execute("UPDATE shop.orders SET kind = 'y'")
        application.execute("DELETE FROM shop.orders")
