"""A contract runs when the old release is seen to be gone, and not before."""

from __future__ import annotations

import pytest

OLD, NEW = "aaaa0001", "bbbb0002"


@pytest.fixture
def two(place):
    """An old release with a login, and a new one with a contract."""
    place.add("0001_users.expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, email text, old text);")
    place.applied()
    (place.folder / "secrets" / "login").rename(place.folder / "secrets" / "old")
    place.add(
        "0002_drop.contract.sql",
        "-- revision: 0002\n-- after: 0001\nALTER TABLE users DROP COLUMN old;",
        down="0001",
    )
    place.applied(**newer(place), keep=[OLD, NEW])
    return place


def newer(place):
    return {"release": NEW, "version": "2", "login": {"secret": "login", "role": f"app_{NEW}"}}


def contract(place, **changes):
    return place.run("contract", release=NEW, version="2", keep=[NEW], fence=[OLD], login=None, **changes)


def logins(place):
    return dict(place.query("SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname ~ '^app_[0-9a-f]{8}$'"))


def test_it_is_refused_while_a_session_of_the_old_release_is_there_and_its_login_is_given_back(two):
    secret = two.secret("old")
    with two.server.connect(two.database, secret["DATABASE_USER"], secret["DATABASE_PASSWORD"]) as session:
        ran = contract(two, limits={"sessions": 0.5})
        assert ran.status == 1
        assert f"app_{OLD}: session {session.info.backend_pid}" in ran.err
    assert logins(two)[f"app_{OLD}"] is True
    assert two.query("SELECT count(*) FROM pg_attribute WHERE attname = 'old'") == [(1,)]


def test_it_runs_once_nobody_is_left_and_the_old_login_stays_out(two):
    ran = contract(two)
    assert ran.status == 0, ran.text
    assert f"no session of app_{OLD}" in ran.out
    assert logins(two)[f"app_{OLD}"] is False
    assert two.query("SELECT count(*) FROM pg_attribute WHERE attname = 'old'") == [(0,)]
    assert "nothing to do" in contract(two).out


def test_one_that_fails_gives_the_login_back(two):
    two.add("0002_drop.contract.sql", "ALTER TABLE users DROP COLUMN not_there;", down="0001")
    ran = contract(two)
    assert ran.status == 1
    assert f"login app_{OLD}: let in again" in ran.out
    assert logins(two)[f"app_{OLD}"] is True


def test_a_release_that_does_not_know_the_contract_is_refused_afterwards(two):
    contract(two)
    two.revisions = [one for one in two.revisions if one["revision"] != "0002"]
    two.write_list()
    ran = two.run()
    assert ran.status == 1
    assert "the contract 0002, which this release doesn't know" in ran.err
    assert f"by release {NEW} (2)" in ran.err


def test_logins_of_releases_that_are_not_kept_go_and_a_fenced_one_that_is_kept_comes_back(two):
    two.query(f"ALTER ROLE app_{OLD} NOLOGIN")
    two.applied(**newer(two), keep=[OLD, NEW])
    assert logins(two)[f"app_{OLD}"] is True
    secret = two.secret("old")
    with two.server.connect(two.database, secret["DATABASE_USER"], secret["DATABASE_PASSWORD"]):
        ran = two.applied(**newer(two), keep=[NEW])
        assert "1 session is left" in ran.out
        assert logins(two)[f"app_{OLD}"] is False
    two.query("SELECT pg_sleep(0.2)")
    assert f"login app_{OLD}: dropped" in two.applied(**newer(two), keep=[NEW]).out
    assert f"app_{OLD}" not in logins(two)
