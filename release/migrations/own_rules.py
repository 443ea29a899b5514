"""What squawk cannot see in a statement, or not without the other statements and revisions. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from migrator.statements import Statement
from migrator.tokens import scan
from release.migrations import changes
from release.migrations.changes import Action, holds
from release.migrations.revisions import Kind

_DROPPED = (
    *(
        "DROP FUNCTION",
        "DROP PROCEDURE",
        "DROP TYPE",
        "DROP DOMAIN",
        "DROP SEQUENCE",
        "DROP VIEW",
        "DROP SCHEMA",
    ),
    *("DROP MATERIALIZED VIEW", "DROP EXTENSION", "DROP TRIGGER", "DROP AGGREGATE"),
)
_REWRITES = ("SET LOGGED", "SET UNLOGGED", "SET TABLESPACE", "SET ACCESS METHOD")
_CHANGES_ROWS = ("UPDATE", "DELETE FROM", "INSERT INTO", "MERGE INTO", "WITH")
_SERIAL = frozenset({"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL4", "SERIAL8", "SERIAL2"})
_LONG = frozenset(
    {"unbatched-update", "unbatched-delete", "unbatched-insert", "require-concurrent-index-creation"}
)


@dataclass(frozen=True)
class Mistake:
    """A rule that a statement breaks, and the table and column that it is about."""

    rule: str
    table: str = ""
    column: str = ""


@dataclass
class Known:
    """What the revisions before a statement have done: which columns a checked constraint proves to be set."""

    proofs: dict[tuple[str, str], str] = field(default_factory=dict)
    checked: set[tuple[str, str]] = field(default_factory=set)

    def learn(self, statement: Statement) -> None:
        """Take in one statement, after its own mistakes were looked for."""
        table = changes.table(statement)
        for action in changes.actions(statement):
            if action.starts("ADD CONSTRAINT") and (column := _proves_set(action)):
                self.proofs[table, changes.name(action.words, 2)] = column
                if not action.holds("NOT VALID"):
                    self.checked.add((table, column))
            if action.starts("VALIDATE CONSTRAINT"):
                self.checked.add((table, self.proofs.get((table, changes.name(action.words, 2)), "")))


def fresh_tables(statements: tuple[Statement, ...]) -> frozenset[str]:
    """The tables that these statements make: nobody uses them yet."""
    return frozenset(name for statement in statements if (name := changes.created(statement)))


def mistakes(statement: Statement, kind: Kind, known: Known) -> Iterator[Mistake]:
    """What this statement does wrong by itself."""
    if kind == "backfill":
        yield from _in_backfill(statement)
        return
    table = changes.table(statement)
    if statement.starts("TRUNCATE"):
        yield Mistake("truncate", table)
    if statement.starts("LOCK"):
        yield Mistake("lock-table", table)
    if statement.starts("VACUUM") and "FULL" in statement.words:
        yield Mistake("vacuum-full", table)
    if statement.starts("CLUSTER"):
        yield Mistake("rewrites-table", table)
    if statement.starts("REFRESH MATERIALIZED VIEW") and "CONCURRENTLY" not in statement.words:
        yield Mistake("refresh-blocks-readers", table)
    if statement.starts(*_DROPPED):
        yield Mistake("drop-in-expand")
    drops = statement.starts("DROP") or any(action.starts("DROP") for action in changes.actions(statement))
    if drops and "CASCADE" in statement.words:
        yield Mistake("drop-cascade")
    yield from _unbatched(statement, table)
    for action in changes.actions(statement):
        yield from _in_action(action, table, known)


def held(statements: tuple[Statement, ...], fresh: frozenset[str]) -> Iterator[tuple[Statement, Mistake]]:
    """Statements that keep another one's lock for long: the migrator runs a file in one transaction, unless one of
    its statements must be alone.
    """
    if any(statement.alone for statement in statements):
        return
    locked: list[str] = []
    for statement in statements:
        if locked and any(mistake.rule in _LONG for mistake in _unbatched(statement, "")):
            yield statement, Mistake("holds-locks", locked[0])
        table = changes.table(statement)
        if statement.starts("ALTER TABLE") and table not in fresh and table not in locked:
            if locked:
                yield statement, Mistake("two-tables", table)
            locked.append(table)


def _in_action(action: Action, table: str, known: Known) -> Iterator[Mistake]:
    if (
        action.starts("ALTER")
        and action.holds("SET NOT NULL")
        and (table, action.column) not in known.checked
    ):
        yield Mistake("set-not-null", table, action.column)
    if any(action.starts(phrase) for phrase in _REWRITES):
        yield Mistake("rewrites-table", table)
    if action.starts("ATTACH PARTITION"):
        yield Mistake("attach-partition", table)
    if action.starts("ADD") and action.column and _numbers_rows(action):
        yield Mistake("adding-field-with-default", table, action.column)
    if action.starts("ADD") and action.column and "CHECK" in action.words:
        yield Mistake("check-in-add-column", table, action.column)


def _numbers_rows(action: Action) -> bool:
    """Whether a new column gets a number of its own in each row."""
    return bool(_SERIAL.intersection(action.words)) or action.holds("AS IDENTITY")


def _unbatched(statement: Statement, table: str) -> Iterator[Mistake]:
    words = _body(statement) if statement.starts("DO") else statement.words
    nested = statement.starts("DO", "WITH", "EXPLAIN")
    if statement.starts("UPDATE", "MERGE INTO") or (nested and _updates(words)):
        yield Mistake("unbatched-update", table)
    if statement.starts("DELETE FROM") or (nested and holds(words, "DELETE FROM")):
        yield Mistake("unbatched-delete", table)
    inserts = statement.starts("INSERT INTO") or (nested and holds(words, "INSERT INTO"))
    if inserts and "SELECT" in words and "FROM" in words:
        yield Mistake("unbatched-insert", table)


def _updates(words: tuple[str, ...]) -> bool:
    """Whether one of the words begins an UPDATE, as it does not in FOR UPDATE and ON CONFLICT … DO UPDATE."""
    return any(
        word == "UPDATE" and words[index - 1 : index] not in (("FOR",), ("DO",), ("KEY",), ("ON",))
        for index, word in enumerate(words)
    )


def _body(statement: Statement) -> tuple[str, ...]:
    """The words inside the text of a DO block."""
    texts = [token.text for token in statement.tokens if token.kind == "text"]
    inside = "".join(texts[:1]).strip("'")
    source = (
        inside[inside.index("$", 1) + 1 : inside.rindex("$", 0, -1)] if inside.startswith("$") else inside
    )
    return tuple(token.word or token.text for token in scan(source) if token.kind not in ("space", "comment"))


def _in_backfill(statement: Statement) -> Iterator[Mistake]:
    table = changes.table(statement)
    if not statement.starts(*_CHANGES_ROWS):
        yield Mistake("no-backfill", table)
        return
    if not {"LIMIT", "FETCH"}.intersection(statement.words) and not statement.holds(": BATCH"):
        yield Mistake("backfill-without-limit", table)
    if "WHERE" not in statement.words and not statement.starts("DELETE FROM"):
        yield Mistake("backfill-without-end", table, "new_column")


def _proves_set(action: Action) -> str:
    """The column of `CHECK (column IS NOT NULL)`; empty for any other constraint."""
    words = action.words
    if "CHECK" not in words:
        return ""
    start = words.index("CHECK") + 1
    inside = tuple(word for word in words[start:] if word not in ("(", ")"))
    return changes.name(inside, 0) if inside[1:4] == ("IS", "NOT", "NULL") else ""
