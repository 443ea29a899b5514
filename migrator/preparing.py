"""Everything that a run is about to do is read and cut up before the first statement runs."""

from __future__ import annotations

from migrator import backfill
from migrator.errors import BundleUnreadable
from migrator.executor import Work
from migrator.rendering import render
from migrator.revisions import Bundle, Revision, header
from migrator.statements import split


def prepare(bundle: Bundle, revision: Revision) -> Work:
    """The revision's statements. Raises BundleUnreadable or StatementError, whose text names file and line."""
    text = bundle.read(revision)
    if revision.kind == "backfill":
        return Work(revision, batches=backfill.prepare(revision, text))
    if revision.in_python:
        statements, each = render(text, revision.file, revision.revision)
    else:
        head = header(text)
        named = head.get("revision", revision.revision)
        if named != revision.revision:
            raise BundleUnreadable(
                f"{revision.file} is of another revision",
                expected=f"-- revision: {revision.revision}, as the bundle's list has it",
                seen=named,
                state="nothing was run",
                next="release build: make the bundle again",
            )
        statements, each = split(text, revision.file), False
    return Work(revision, statements, each or any(statement.alone for statement in statements))
