"""What a statement changes: which table, and how. Pure.

Read from the words of the statement, as the migrator's own scanner cuts them. Names come out as PostgreSQL folds them:
unquoted ones in small letters, without the schema `public`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrator.statements import Statement

Words = tuple[str, ...]

_SKIPPED = frozenset({"IF", "NOT", "EXISTS", "ONLY", "CONCURRENTLY"})
_CREATES_TABLE = (
    *("CREATE TABLE", "CREATE UNLOGGED TABLE", "CREATE TEMP TABLE", "CREATE TEMPORARY TABLE"),
    "CREATE MATERIALIZED VIEW",
)
_FIRST_OF_COLUMN = "ADD", "ALTER", "DROP", "RENAME"
_NO_COLUMN = frozenset({"CONSTRAINT", "CHECK", "FOREIGN", "PRIMARY", "UNIQUE", "EXCLUDE", "TABLE", "TO"})


@dataclass(frozen=True)
class Action:
    """One action of an ALTER TABLE, such as `ADD COLUMN a int`; `column` is empty where it is about no column."""

    words: Words
    column: str

    def starts(self, phrase: str) -> bool:
        return self.words[: len(phrase.split())] == tuple(phrase.split())

    def holds(self, phrase: str) -> bool:
        return holds(self.words, phrase)


def holds(words: Sequence[str], phrase: str) -> bool:
    """Whether the words of `phrase` stand in `words` one after the other."""
    wanted = tuple(phrase.split())
    return any(tuple(words[i : i + len(wanted)]) == wanted for i in range(len(words)))


def table(statement: Statement) -> str:
    """The table that a statement changes or locks; empty where it is about none."""
    words = statement.words
    for phrase in (
        "ALTER TABLE",
        "ALTER MATERIALIZED VIEW",
        "DROP TABLE",
        "INSERT INTO",
        "DELETE FROM",
        "MERGE INTO",
    ):
        if statement.starts(phrase):
            return name(words, len(phrase.split()))
    if statement.starts(*_CREATES_TABLE):
        return created(statement)
    if statement.starts("UPDATE", "CLUSTER"):
        return name(words, 1)
    if statement.starts("TRUNCATE", "LOCK"):
        return name(words, 2 if words[1:2] == ("TABLE",) else 1)
    if statement.starts("REINDEX TABLE", "REFRESH MATERIALIZED VIEW"):
        return name(words, 3 if words[0] == "REFRESH" else 2)
    if statement.starts("CREATE INDEX", "CREATE UNIQUE INDEX", "CREATE TRIGGER") and "ON" in words:
        return name(words, words.index("ON") + 1)
    return ""


def created(statement: Statement) -> str:
    """The table that a statement makes; empty where it makes none."""
    for phrase in _CREATES_TABLE:
        if statement.starts(phrase):
            return name(statement.words, len(phrase.split()))
    return ""


def name(words: Sequence[str], start: int) -> str:
    """The name that stands in `words` at `start`, or after IF NOT EXISTS and the like."""
    while start < len(words) and words[start] in _SKIPPED:
        start += 1
    parts = [_folded(word) for word in words[start : start + 1]]
    while words[start + 1 : start + 2] == (".",) and start + 2 < len(words):
        start += 2
        parts.append(_folded(words[start]))
    return ".".join(parts[1:] if len(parts) > 1 and parts[0] == "public" else parts)


def actions(statement: Statement) -> Iterator[Action]:
    """The actions of an ALTER TABLE; nothing for any other statement."""
    if not statement.starts("ALTER TABLE"):
        return
    words = statement.words
    start = 2
    while start < len(words) and words[start] in _SKIPPED:
        start += 1
    start += 1
    while words[start : start + 1] == (".",):
        start += 2
    depth, action = 0, list[str]()
    for word in words[start:]:
        depth += (word in "([") - (word in ")]")
        if word == "," and depth == 0:
            yield _action(action)
            action = []
        else:
            action.append(word)
    yield _action(action)


def _action(words: Sequence[str]) -> Action:
    column = ""
    if words[:1] and words[0] in _FIRST_OF_COLUMN:
        at = 2 if words[1:2] == ["COLUMN"] else 1
        if words[at : at + 1] and words[at] not in _NO_COLUMN:
            column = name(tuple(words), at)
    return Action(tuple(words), column)


def _folded(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()
