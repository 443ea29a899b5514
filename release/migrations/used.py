"""What a contract drops and the application's own code still names: a search for words, since any language will do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrator.statements import Statement
from release.archive import entries
from release.migrations import changes
from release.migrations.script import Script

LARGEST = 1_000_000
"""Bytes of a file that a person may have written."""

_NO_CODE = frozenset({"vendor", "node_modules", "site-packages", "third_party"})
_NO_CODE_ENDINGS = (".md", ".rst", ".txt", ".lock", ".svg", ".css", ".csv", ".min.js", ".map")

_SHOWN = 3


@dataclass(frozen=True)
class Use:
    """A statement of a contract drops `name`, and the code names it at `places` (`file:line`)."""

    script: Script
    statement: Statement
    name: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        more = len(self.places) - _SHOWN
        told = ", ".join(self.places[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return f"{self.name}: {told}"


def uses(application: Path, migrations: str, scripts: Sequence[Script]) -> tuple[Use, ...]:
    """Every table and column that a contract drops and a file of the application names as a word.

    Left out are the migrations themselves, packages of others, texts for people, and what is over `LARGEST`.
    """
    dropped = [
        (script, statement, name)
        for script in scripts
        if script.revision.kind == "contract"
        for statement in script.statements
        for name in _dropped(statement)
    ]
    if not dropped:
        return ()
    words = {name: re.compile(rf"(?<![\w]){re.escape(name)}(?![\w])") for _, _, name in dropped}
    places: dict[str, list[str]] = {name: [] for name in words}
    for file, text in _code(application, migrations):
        for name, word in words.items():
            if name in text:
                lines = (n for n, line in enumerate(text.splitlines(), start=1) if word.search(line))
                places[name] += [f"{file}:{line}" for line in lines]
    return tuple(
        Use(script, statement, name, tuple(places[name]))
        for script, statement, name in dropped
        if places[name]
    )


def _dropped(statement: Statement) -> Iterator[str]:
    if statement.starts("DROP TABLE"):
        yield changes.table(statement).rpartition(".")[2]
    for action in changes.actions(statement):
        if action.starts("DROP") and action.column:
            yield action.column


def _code(application: Path, migrations: str) -> Iterator[tuple[str, str]]:
    for entry in entries(application):
        inside = entry.relative_to(application)
        skipped = (
            inside.is_relative_to(migrations)
            or bool(_NO_CODE.intersection(inside.parts))
            or entry.name.endswith(_NO_CODE_ENDINGS)
            or entry.is_symlink()
            or not entry.is_file()
            or entry.stat().st_size > LARGEST
        )
        if skipped:
            continue
        try:
            yield inside.as_posix(), entry.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
