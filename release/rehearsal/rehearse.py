"""The rehearsal: what is pending runs on a scratch database, statement by statement, and old code runs after it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from migrator import backfill, revisions
from migrator.errors import MigratorError
from migrator.statements import Statement
from release.application import Options
from release.errors import RehearsalFailed
from release.migrations.script import Script
from release.rehearsal.observation import Observed, Observer
from release.rehearsal.scratch import Scratch

_TOLD_LINES = 20

Tell = Callable[[Script, int, str, Observed], None]
"""Takes a script, the line of one of its statements, that statement's beginning, and what was seen of it."""


@dataclass(frozen=True)
class Code:
    """A release's code in a folder, by the name that people know it by."""

    name: str
    folder: Path
    options: Options


def apply(server: Scratch, script: Script, folder: Path, tell: Tell) -> None:
    """Run one revision as the migrator would, but for its locks, tries and ledger.

    `folder` holds the revisions' files. Raises BundleError for a statement that PostgreSQL refuses.
    """
    with server.connect() as connection:
        observer = Observer(connection)
        if script.revision.kind == "backfill":
            tell(script, 1, "backfill", observer.watch(lambda: _backfill(connection, script, folder), False))
        elif any(statement.alone for statement in script.statements):
            for statement in script.statements:
                _each(connection, observer, script, statement, tell)
        else:
            with connection.transaction():
                for statement in script.statements:
                    _tell(connection, observer, script, statement, tell, True)


def smoke(code: Code, server: Scratch, when: str) -> bool:
    """Try a release's code against a copy of the database as it is now; False where it has no such command.

    `when` says in words what was done to the database. Raises BundleError where the command fails.
    """
    if not code.options.smoke:
        return False
    command = code.options.smoke.command
    with server.copy() as copy:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=code.folder,
            env={**os.environ, "DATABASE_URL": copy.url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    if done.returncode != 0:
        told = done.stdout.rstrip().splitlines()[-_TOLD_LINES:]
        raise RehearsalFailed(
            f"{code.name} does not work {when}",
            expected=f"exit status 0 of its smoke command: {command}",
            seen="\n".join([f"exit status {done.returncode}, and at the end of its output:", *told]),
            state="nothing but a scratch database was touched",
            next="an expand must suit both: move what breaks it into a contract, or release the code first",
        )
    return True


def _each(
    connection: psycopg.Connection[Any], observer: Observer, script: Script, statement: Statement, tell: Tell
) -> None:
    if statement.outside:
        _tell(connection, observer, script, statement, tell, False)
        return
    with connection.transaction():
        _tell(connection, observer, script, statement, tell, True)


def _tell(
    connection: psycopg.Connection[Any],
    observer: Observer,
    script: Script,
    statement: Statement,
    tell: Tell,
    in_transaction: bool,
) -> None:
    def run() -> int:
        cursor = connection.execute(statement.text.encode())
        return cursor.rowcount if statement.starts("UPDATE", "DELETE", "INSERT", "MERGE", "WITH") else -1

    with _refused(script, statement.line, statement.summary):
        observed = observer.watch(run, in_transaction)
    tell(script, statement.line, statement.summary, observed)


def _backfill(connection: psycopg.Connection[Any], script: Script, folder: Path) -> int:
    """All batches, without pauses; the rows that they changed."""
    own = script.revision
    revision = revisions.Revision(own.revision, own.kind, own.file, own.checksum, own.down)
    with _refused(script, 1, "backfill"):
        batches = backfill.prepare(revision, (folder / own.file).read_text(encoding="utf-8"))
        total, position = 0, None
        while True:
            with connection.transaction():
                rows, position = batches.one(connection, position)
            total += rows
            if not rows:
                return total


@contextmanager
def _refused(script: Script, line: int, summary: str) -> Iterator[None]:
    """What PostgreSQL or the migrator says about a statement, as an error for its author."""
    file = script.revision.file
    try:
        yield
    except (psycopg.Error, MigratorError) as error:
        raise RehearsalFailed(
            f"{file}:{line} cannot be applied: {summary}",
            expected="a statement that PostgreSQL takes after the revisions before it",
            seen=str(error).strip(),
            state="nothing but a scratch database was touched",
            next=f"edit {file}",
        ) from None


def pending(scripts: tuple[Script, ...], applied: frozenset[str]) -> Iterator[Script]:
    """The revisions that an environment with `applied` ones does not have yet, in their order."""
    return (script for script in scripts if script.revision.revision not in applied)
