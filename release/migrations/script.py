"""The SQL that a revision will run, statement by statement, each with its line in the revision's file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from migrator.errors import MigratorError
from migrator.statements import Statement, split
from release.migrations.revisions import Revision, unusable


@dataclass(frozen=True)
class Script:
    """A revision and its statements. A backfill in Python has none: what it runs depends on the database."""

    revision: Revision
    statements: tuple[Statement, ...]


def scripts(folder: Path, revisions: Iterable[Revision]) -> tuple[Script, ...]:
    """The scripts of revisions whose files are in `folder`, in their order.

    Python ones are run by Alembic without a database, in a process of their own. Raises BundleError for a file that
    cannot be read so, and for what the migrator would refuse to run.
    """
    wanted = tuple(revisions)
    rendered = _rendered(folder, [r for r in wanted if r.python and r.kind != "backfill"])
    return tuple(Script(r, _statements(r, rendered)) for r in wanted)


def _statements(revision: Revision, rendered: Mapping[str, list[tuple[int, str]]]) -> tuple[Statement, ...]:
    if not revision.python:
        return _split(revision, revision.text)
    return tuple(
        replace(statement, line=line)
        for line, text in rendered.get(revision.file, ())
        for statement in _split(revision, text)
    )


def _split(revision: Revision, text: str) -> tuple[Statement, ...]:
    try:
        return split(text, revision.file)
    except MigratorError as error:
        raise unusable(
            error.what, expected=error.expected, seen=error.seen, next=f"edit {revision.file}"
        ) from None


def _rendered(folder: Path, revisions: list[Revision]) -> dict[str, list[tuple[int, str]]]:
    if not revisions:
        return {}
    command = [
        sys.executable,
        "-B",
        "-m",
        "release.migrations.offline",
        *(str(folder / r.file) for r in revisions),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        seen = f"exit status {done.returncode} {done.stderr.strip()[-500:]}"
        answer = {"file": revisions[0].file, "line": 1, "error": seen}
    if "error" in answer:
        raise unusable(
            f"{answer['file']}:{answer['line']} cannot be read without a database",
            expected="only what Alembic can write as SQL beforehand: op.add_column, op.execute and the like",
            seen=answer["error"],
            next="take what asks the database out of the file, or write the revision in SQL",
        )
    return {file: [(line, text) for line, text in found] for file, found in answer["statements"].items()}
