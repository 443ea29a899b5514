"""A revision in Python, as the SQL that it stands for.

`upgrade()` runs with Alembic's `op` in the mode that writes SQL instead of sending it. What is sent is then what
was linted and shown, statement by statement: one executor, one way to resume. For the same reason `upgrade()`
cannot read the database; what depends on rows is a backfill's work.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from migrator.errors import BundleUnreadable
from migrator.statements import Statement, split


def render(text: str, file: str, revision: str) -> tuple[tuple[Statement, ...], bool]:
    """The statements of `upgrade()`, and whether it asks for some of them outside a transaction
    (`autocommit_block`). Raises BundleUnreadable where it cannot be rendered, StatementError for what cannot be run.
    """
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.dialects import postgresql

    out = _Pieces()
    module = load(text, file)
    _check_names(module, file, revision)
    upgrade = function(module, "upgrade", file)
    # Another style of parameters would double every % in what is written out.
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    context = MigrationContext.configure(dialect=dialect, opts={"as_sql": True, "output_buffer": out})
    with _explained(file), Operations.context(context):
        upgrade()
    pieces = [piece.strip() for piece in out.pieces]
    inner = [piece for piece in pieces if piece.rstrip(";").upper() not in ("BEGIN", "COMMIT")]
    statements = split(
        "\n".join(piece if piece.endswith(";") else f"{piece};" for piece in inner if piece), file
    )
    return statements, len(inner) < len(pieces)


def load(text: str, file: str) -> ModuleType:
    """The revision's module, its top level run. Raises BundleUnreadable."""
    module = ModuleType(f"revision_{file.split('.')[0]}")
    module.__file__ = file
    with _explained(file):
        exec(compile(text, file, "exec"), module.__dict__)
    return module


def function(module: ModuleType, name: str, file: str) -> Callable[..., Any]:
    """The function that the module has to have. Raises BundleUnreadable."""
    found = getattr(module, name, None)
    if not callable(found):
        raise _unusable(file, f"a function {name}", "none")
    return found  # type: ignore[no-any-return]


def _check_names(module: ModuleType, file: str, revision: str) -> None:
    named = getattr(module, "revision", revision)
    if named != revision:
        raise _unusable(file, f"revision = {revision!r}, as the bundle's list has it", repr(named))


class _Pieces(io.StringIO):
    """Alembic writes one statement at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return len(text)


@contextmanager
def _explained(file: str) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        place = error.__traceback__
        line = error.lineno or 0 if isinstance(error, SyntaxError) else 0
        while place is not None:
            if place.tb_frame.f_code.co_filename == file:
                line = place.tb_lineno
            place = place.tb_next
        raise _unusable(
            file,
            "a module whose upgrade() needs no database: it is written out as SQL before it runs",
            f"line {line}: {type(error).__name__}: {error}",
        ) from None


def _unusable(file: str, expected: str, seen: str) -> BundleUnreadable:
    return BundleUnreadable(
        f"{file} cannot be run",
        expected=expected,
        seen=seen,
        state="nothing of it was run",
        next="change the file, and build the version again; what depends on rows belongs into a backfill",
    )
