"""A revision's text as statements, and what each of them needs to run. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from migrator.errors import StatementError
from migrator.tokens import Token, scan

SHOWN_WORDS = 9

_ENDS_A_TRANSACTION = frozenset(
    {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"}
)
_BELONGS_TO_THE_RUNNER = frozenset({"ROLE", "SESSION AUTHORIZATION", "LOCK_TIMEOUT"})
# What cannot run in a transaction and cannot be told, after a crash, to have run or not.
_NOT_FOR_A_REVISION = (
    "CREATE DATABASE",
    "DROP DATABASE",
    "CREATE TABLESPACE",
    "DROP TABLESPACE",
    "ALTER SYSTEM",
    "CREATE SUBSCRIPTION",
    "ALTER SUBSCRIPTION",
    "DROP SUBSCRIPTION",
    "PREPARE TRANSACTION",
    "DISCARD",
)


@dataclass(frozen=True)
class Statement:
    """One statement as it was written, without the `;` that ends it. `line` is where it starts."""

    text: str
    line: int

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """What counts: no space, no comment."""
        return tuple(token for token in scan(self.text) if token.kind not in ("space", "comment"))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Keywords and unquoted names in capitals, everything else as it is written."""
        return tuple(token.word or token.text for token in self.tokens)

    @property
    def summary(self) -> str:
        """The beginning of the statement on one line, its texts hidden: they may hold anything."""
        shown = ["'…'" if token.kind == "text" else token.text for token in self.tokens[:SHOWN_WORDS]]
        tail = " …" if len(self.tokens) > SHOWN_WORDS else ""
        return _joined(shown) + tail

    def starts(self, *phrases: str) -> bool:
        """Whether it starts with one of the phrases (words in capitals)."""
        return any(self.words[: len(phrase.split())] == tuple(phrase.split()) for phrase in phrases)

    def holds(self, phrase: str) -> bool:
        """Whether the words of `phrase` stand in it one after the other."""
        wanted = tuple(phrase.split())
        return any(self.words[i : i + len(wanted)] == wanted for i in range(len(self.words)))

    @property
    def concurrent(self) -> bool:
        """Whether it runs outside a transaction, waiting in a way that nobody queues behind."""
        if self.starts("CREATE INDEX", "CREATE UNIQUE INDEX", "DROP INDEX"):
            return "CONCURRENTLY" in self.words[:4]
        if self.starts("REINDEX"):
            return "CONCURRENTLY" in self.words
        return self.starts("VACUUM")

    @property
    def detaching(self) -> bool:
        """Whether it is ALTER TABLE … DETACH PARTITION … CONCURRENTLY (or FINALIZE)."""
        return (
            self.starts("ALTER TABLE") and self.holds("DETACH PARTITION") and self.words[-1] == "CONCURRENTLY"
        )

    @property
    def outside(self) -> bool:
        """Whether it cannot run in a transaction."""
        return self.concurrent or self.detaching

    @property
    def alone(self) -> bool:
        """Whether it must not share its transaction with others: it cannot have one, its result cannot be
        used before its end (ALTER TYPE … ADD VALUE), or it is long and others would hold locks meanwhile
        (VALIDATE CONSTRAINT).
        """
        return (
            self.outside
            or (self.starts("ALTER TYPE") and self.holds("ADD VALUE"))
            or self.holds("VALIDATE CONSTRAINT")
        )

    @property
    def sets_the_session(self) -> bool:
        """Whether it changes a setting of the session, which a new connection has to be told again."""
        return self.starts("SET") and not self.starts("SET LOCAL", "SET CONSTRAINTS", "SET TRANSACTION")


def split(source: str, name: str) -> tuple[Statement, ...]:
    """The statements of `source`, a revision's file `name`. Raises StatementError for what cannot be run:
    transaction control, the runner's own settings, psql's commands, what needs a server's administrator.
    """
    statements = tuple(_cut(source))
    for statement in statements:
        _refuse(statement, name)
    return statements


def digest(statements: Sequence[Statement]) -> str:
    """What the statements do, without their spaces and comments: 64 hex."""
    text = "\n;\n".join(" ".join(token.text for token in statement.tokens) for statement in statements)
    return hashlib.sha256(text.encode()).hexdigest()


def _cut(source: str) -> list[Statement]:
    found: list[Statement] = []
    pending: list[Token] = []
    for token in scan(source):
        if token.text == ";" and not _inside(pending):
            _keep(pending, found)
            pending = []
        elif pending or token.kind not in ("space", "comment"):
            pending.append(token)
    _keep(pending, found)
    return found


def _keep(pending: Sequence[Token], found: list[Statement]) -> None:
    text = "".join(token.text for token in pending).rstrip()
    if text:
        found.append(Statement(text, pending[0].line))


def _inside(pending: Sequence[Token]) -> bool:
    """Whether a `;` here belongs to the statement: in brackets (CREATE RULE), or in a function's body of the
    standard's form (BEGIN ATOMIC … END).
    """
    brackets = sum((token.text == "(") - (token.text == ")") for token in pending)
    if brackets > 0:
        return True
    words = [token.word for token in pending if token.kind not in ("space", "comment")]
    if words[:1] != ["CREATE"] or ("BEGIN", "ATOMIC") not in pairwise(words):
        return False
    body = words[words.index("ATOMIC") - 1 :]
    return body.count("BEGIN") + body.count("CASE") > body.count("END")


def _refuse(statement: Statement, name: str) -> None:
    first = statement.words[0]
    if first == "\\" or "\\" in statement.words:
        raise _refused(statement, name, "a command of psql", "statements of SQL")
    if first in _ENDS_A_TRANSACTION:
        raise _refused(
            statement,
            name,
            "transaction control",
            "statements only: the migrator opens and ends transactions",
        )
    if first in ("SET", "RESET") and _setting(statement.words) in _BELONGS_TO_THE_RUNNER:
        raise _refused(
            statement, name, "a setting that is the migrator's", "roles and lock_timeout as it sets them"
        )
    if statement.starts("COPY") and statement.holds("FROM STDIN"):
        raise _refused(statement, name, "COPY from a client", "INSERT, or a backfill")
    if statement.starts(*_NOT_FOR_A_REVISION):
        raise _refused(
            statement, name, "what a revision cannot hold", "changes of this database's own schema"
        )
    if statement.starts("CREATE INDEX CONCURRENTLY ON", "CREATE UNIQUE INDEX CONCURRENTLY ON"):
        raise _refused(
            statement,
            name,
            "an index without a name",
            "CREATE INDEX CONCURRENTLY name ON …: what an interrupted build leaves is found by its name",
        )


def _setting(words: Sequence[str]) -> str:
    rest = list(words[1:])
    if rest[:2] == ["SESSION", "AUTHORIZATION"]:
        return "SESSION AUTHORIZATION"
    if rest[:1] in (["LOCAL"], ["SESSION"]):
        rest = rest[1:]
    return rest[0].strip('"').upper() if rest else ""


def _refused(statement: Statement, name: str, what: str, expected: str) -> StatementError:
    return StatementError(
        f"{name}, line {statement.line}: {what} cannot be in a revision",
        expected=expected,
        seen=statement.summary,
        state="nothing was run",
        next="change the file, and build the version again",
    )


def _joined(shown: Sequence[str]) -> str:
    text = ""
    for piece in shown:
        glued = not text or piece in "),;." or text[-1] in "(."
        text += piece if glued else f" {piece}"
    return text
