"""A dump of a database, put into a scratch one with PostgreSQL's own programs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg

from release.errors import RehearsalFailed
from release.rehearsal.scratch import Scratch

_CUSTOM = b"PGDMP"
"""How a dump of `pg_dump --format=custom` begins."""


def restore(server: Scratch, dump: Path) -> None:
    """Put a dump, plain SQL or in the custom format, into the scratch database; owners and rights stay out.

    Raises BundleError with the end of what PostgreSQL's program said.
    """
    with dump.open("rb") as opened:
        custom = opened.read(len(_CUSTOM)) == _CUSTOM
    if custom:
        own = [
            "pg_restore",
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            f"--dbname={server.url}",
            str(dump),
        ]
    else:
        own = [
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            f"--dbname={server.url}",
            f"--file={dump}",
        ]
    command = [str(server.programs / own[0]), *own[1:]]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RehearsalFailed(
            f"{dump} could not be restored",
            expected="a dump of pg_dump, plain or --format=custom, made with --no-owner --no-privileges",
            seen=done.stderr.strip()[-800:],
            state="nothing but a scratch database was touched",
            next=f"pg_dump --no-owner --no-privileges --format=custom --file={dump} DATABASE_URL",
        )


def applied_in(server: Scratch, otherwise: frozenset[str]) -> frozenset[str]:
    """The revisions that the migrator's own table in a restored database says are applied; `otherwise` where the dump
    was made without it.
    """
    with server.connect() as connection:
        try:
            rows = connection.execute("SELECT revision FROM uneventful.migrations WHERE outcome = 'applied'")
            return frozenset(str(revision) for (revision,) in rows)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return otherwise
