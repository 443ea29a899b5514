"""The roles and the database that RDS makes on a new server."""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql

from localcloud.parts import DatabaseSpec

GRANTED = ("pg_monitor", "pg_signal_backend", "pg_checkpoint")
"""What RDS's `rds_superuser`, of which the master user is a member, may do that is no owner's right."""


def prepare(connection: psycopg.Connection, spec: DatabaseSpec) -> None:
    """Make what is missing of the master user and the database; nothing that is there is changed.

    The master user is what RDS makes of it: it may make roles and databases, and is no superuser.
    """
    master = sql.Identifier(spec.master)
    if not _there(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", "rds_superuser"):
        connection.execute("CREATE ROLE rds_superuser NOLOGIN")
        for role in GRANTED:
            connection.execute(sql.SQL("GRANT {} TO rds_superuser").format(sql.Identifier(role)))
    if not _there(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", spec.master):
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB IN ROLE rds_superuser").format(master)
        )
        connection.execute(sql.SQL("ALTER DATABASE postgres OWNER TO {}").format(master))
    if spec.name and not _there(connection, "SELECT 1 FROM pg_database WHERE datname = %s", spec.name):
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(spec.name), master))


def set_password(connection: psycopg.Connection, master: str, password: str) -> None:
    """Let the master user have this password. It never reaches the server's log, nor the server in clear text."""
    verifier = connection.pgconn.encrypt_password(password.encode(), master.encode(), b"scram-sha-256")
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(master), sql.Literal(verifier.decode()))
    )


def _there(connection: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, (name,)).fetchone() is not None
