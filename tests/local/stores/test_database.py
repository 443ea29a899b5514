"""A database of the local cloud is what an application and a migration meet on RDS, and it outlives what kills it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from localcloud.parts import DatabaseSpec
from localcloud.stores.local import LocalDatabases
from tests.local.stores.conftest import Site, available, until


def spec_of(site: Site, identifier: str, **parameters: str) -> DatabaseSpec:
    address = site.pool.take(identifier)
    return DatabaseSpec(identifier, address, 5432, "app", "master", "p'w:/@ 1", parameters)


@pytest.fixture(scope="module")
def running(site: Site) -> Iterator[tuple[LocalDatabases, DatabaseSpec, DatabaseSpec]]:
    """Two databases, made at the same time."""
    databases = site.databases()
    one = spec_of(site, "one", work_mem="8192", shared_buffers="{DBInstanceClassMemory/32768}")
    two = spec_of(site, "two", **{"rds.force_ssl": "0"})
    databases.create(one)
    databases.create(two)
    available(databases, "one")
    available(databases, "two")
    yield databases, one, two
    databases.close()


Running = tuple[LocalDatabases, DatabaseSpec, DatabaseSpec]


def test_the_certificate_is_verified_and_the_connection_encrypted(site: Site, running: Running) -> None:
    _, one, _ = running
    with site.connect(one) as connection:
        assert connection.pgconn.ssl_in_use
    with pytest.raises(psycopg.OperationalError, match="certificate"):
        site.connect(one, sslrootcert="/etc/ssl/certs/ca-certificates.crt")
    with pytest.raises(psycopg.OperationalError, match="does not match"):
        # The same server by another name.
        site.connect(one, host="database.example", hostaddr=one.address)


def test_clear_text_is_refused_in_the_words_of_rds_unless_the_parameter_group_allows_it(
    site: Site, running: Running
) -> None:
    databases, one, two = running
    refused = r'no pg_hba.conf entry for host "127[^"]*", user "master", database "app", no encryption'
    with pytest.raises(psycopg.OperationalError, match=refused) as seen:
        site.connect(one, sslmode="disable")
    assert seen.value.pgconn is not None
    site.connect(two, sslmode="disable").close()
    site.connect(two).close()
    databases.change(replace(two, parameters={"rds.force_ssl": "1"}))

    def is_refused() -> bool:
        try:
            site.connect(two, sslmode="disable").close()
        except psycopg.OperationalError as error:
            return "no encryption" in str(error)
        return False

    until(is_refused)


def test_a_wrong_password_is_refused_and_so_is_whoever_has_none(site: Site, running: Running) -> None:
    _, one, _ = running
    for wrong in ({"password": "guess"}, {"user": "rdsadmin"}, {"user": "nobody"}):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            site.connect(one, **wrong)


def test_the_master_user_owns_the_database_and_is_no_superuser(site: Site, running: Running) -> None:
    _, one, _ = running
    with site.connect(one) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, True, True)
        connection.execute("CREATE ROLE app_owner NOLOGIN")
        connection.execute("CREATE TABLE mine (one int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("ALTER SYSTEM SET work_mem = 4096")


def test_parameters_are_in_force_and_formulas_over_the_instance_class_are_said_to_be_left_out(
    site: Site, running: Running
) -> None:
    _, one, _ = running
    with site.connect(one) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("8MB",)
    assert any("shared_buffers" in line for line in site.log)


def test_a_query_is_cancelled_from_outside(site: Site, running: Running) -> None:
    _, one, _ = running
    with site.connect(one) as connection, site.connect(one) as watching, ThreadPoolExecutor(1) as thread:
        asleep = thread.submit(connection.execute, "SELECT pg_sleep(60)")
        sleeping = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        until(lambda: watching.execute(sleeping).fetchone())
        connection.cancel_safe()
        with pytest.raises(psycopg.errors.QueryCanceled):
            asleep.result(timeout=30)


def test_a_new_password_takes_the_old_ones_place_and_open_connections_stay(
    site: Site, running: Running
) -> None:
    databases, one, _ = running
    with site.connect(one) as connection:
        databases.change(replace(one, password="new"))
        until(lambda: site.connect(one, password="new"))
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            site.connect(one)
        connection.execute("SELECT 1")
    databases.change(one)
    until(lambda: site.connect(one))


def test_a_killed_server_and_a_killed_front_come_back_with_all_that_was_committed(
    site: Site, running: Running
) -> None:
    databases, one, _ = running
    with site.connect(one) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    for pid in databases.status("one").pids:
        os.kill(pid, signal.SIGKILL)
    again = until(lambda: site.connect(one))
    assert again.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    again.close()


def test_what_was_stopped_starts_again_with_its_data_and_a_deleted_one_leaves_nothing(site: Site) -> None:
    databases = site.databases()
    spec = spec_of(site, "three")
    databases.create(spec)
    available(databases, "three")
    with site.connect(spec) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    pids = databases.status("three").pids
    databases.close()
    assert not set(pids) & set(site.processes())

    databases = site.databases()
    databases.open(spec)
    available(databases, "three")
    with site.connect(spec) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)
        databases.create(spec)
    until(lambda: databases.status("three").state != "available")
    available(databases, "three")
    with site.connect(spec) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT n FROM kept")
    databases.delete("three")
    until(lambda: databases.status("three").state == "gone")
    assert not (site.place.root / "databases" / "three").exists()
    databases.close()


def test_no_password_is_in_any_log(site: Site, running: Running) -> None:
    _, one, _ = running
    for log in (site.place.root / "databases").rglob("*.log"):
        assert one.password not in log.read_text()
    assert not any(one.password in line for line in site.log)
