"""`python -m release.migrations.offline FILE…`: the SQL that Alembic would run for revisions in Python, as JSON.

A process of its own: an application's module is run here, and Alembic takes its time to load.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
import traceback
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql

_TRANSACTION = frozenset({"BEGIN;", "COMMIT;"})


class Recorder(io.StringIO):
    """Where Alembic writes its statements: keeps each with the line of the file that asked for it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = str(file)
        self.statements: list[tuple[int, str]] = []

    def write(self, text: str) -> int:
        if text.strip() and text.strip() not in _TRANSACTION:
            self.statements.append((self._line(), text.strip()))
        return len(text)

    def _line(self) -> int:
        frames = traceback.extract_stack()
        return next((frame.lineno or 1 for frame in frames if frame.filename == self._file), 1)


def render(file: Path) -> list[tuple[int, str]]:
    """The statements of a revision's `upgrade`, each with its line in the file."""
    recorder = Recorder(file)
    context = MigrationContext.configure(
        # Named parameters: with the default ones each % of a statement would be told twice.
        dialect=postgresql.dialect(paramstyle="named"),  # type: ignore[no-untyped-call]
        opts={"as_sql": True, "output_buffer": recorder, "transactional_ddl": True},
    )
    spec = importlib.util.spec_from_file_location("revision", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no module")
    module = importlib.util.module_from_spec(spec)
    with Operations.context(context), context.begin_transaction(_per_migration=True):
        spec.loader.exec_module(module)
        module.upgrade()
    return recorder.statements


def main(files: list[str]) -> None:
    statements: dict[str, list[tuple[int, str]]] = {}
    answer: dict[str, object] = {"statements": statements}
    for file in map(Path, files):
        try:
            # What the module prints is not part of the answer.
            with contextlib.redirect_stdout(sys.stderr):
                statements[file.name] = render(file)
        except (Exception, SystemExit) as error:
            frames = [
                frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)
            ]
            line = frames[-1].lineno if frames else 1
            answer = {"file": file.name, "line": line, "error": f"{type(error).__name__}: {error}"}
            break
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
