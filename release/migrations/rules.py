"""What a migration must not do while an application is at work: why it hurts, and the way that does not. Pure.

The names of squawk's own rules are kept where squawk finds the mistake, so that its documentation is one search away.
Figures were measured on PostgreSQL 18 with 2 million rows and 800 transactions a second.
"""

from __future__ import annotations

from dataclasses import dataclass

from release.migrations.revisions import Kind

BOTH: frozenset[Kind] = frozenset({"expand", "contract"})
EXPAND: frozenset[Kind] = frozenset({"expand"})
CONTRACT: frozenset[Kind] = frozenset({"contract"})
BACKFILL: frozenset[Kind] = frozenset({"backfill"})

_IN_CONTRACT = (
    "put it into a contract migration: `release contract` runs it when no release needs it any more"
)
_BACKFILL = (
    "a backfill (release migration new NAME --backfill): batches of a thousand rows, each its own transaction, with "
    "pauses; what a stop leaves is done next time"
)


@dataclass(frozen=True)
class Rule:
    """`why` it hurts and the `safe` way, {table} and {column} standing for the statement's own. It holds in files of
    these `kinds`; `fresh` says that it also holds for a table that the same file makes, which nobody uses yet.
    """

    why: str
    safe: str
    kinds: frozenset[Kind] = BOTH
    fresh: bool = False


RULES: dict[str, Rule] = {
    "adding-required-field": Rule(
        "a column that must have a value and has no default: PostgreSQL refuses it if {table} has a row, and the "
        "release that serves now inserts rows without it, so each of these would fail",
        "ADD COLUMN {column} without NOT NULL (or with a constant DEFAULT: no rewrite since PostgreSQL 11); fill it "
        "by a backfill; then ADD CHECK ({column} IS NOT NULL) NOT VALID, VALIDATE, SET NOT NULL",
    ),
    "ban-drop-column": Rule(
        "the release that serves now may still read or write {column}: each statement that names it fails the moment "
        "it is gone, and there is no way back to that release",
        f"first a release that does not use {{column}}; then {_IN_CONTRACT}",
        EXPAND,
    ),
    "ban-drop-table": Rule(
        "the release that serves now may still use {table}: each statement that names it fails the moment it is gone, "
        "and its rows are gone too",
        f"first a release that does not use {{table}}; then {_IN_CONTRACT}",
        EXPAND,
    ),
    "drop-in-expand": Rule(
        "what is dropped here may be in use by the release that serves now",
        f"first a release that does not use it; then {_IN_CONTRACT}",
        EXPAND,
    ),
    "ban-drop-default": Rule(
        "the release that serves now may leave {column} to its default",
        f"first a release that always says what {{column}} is; then {_IN_CONTRACT}",
        EXPAND,
    ),
    "ban-drop-not-null": Rule(
        "the release that serves now, and the one that a rollback goes to, never had to read {column} as NULL",
        f"first a release that can read NULL; then {_IN_CONTRACT}",
        EXPAND,
    ),
    "drop-cascade": Rule(
        "CASCADE takes along whatever depends on it (views, foreign keys, functions), named nowhere in this file",
        "drop by name what shall go, and without CASCADE: PostgreSQL then refuses if anything still depends on it",
    ),
    "still-used": Rule(
        "the code in this very version still names what the contract drops",
        "release a version without it first; the contract belongs into that version or a later one",
        CONTRACT,
    ),
    "renaming-column": Rule(
        "a column has one name at a time: the code before and the code after cannot both work, whichever comes first",
        "ADD COLUMN under the new name, write both, backfill, read the new one; drop the old one by a contract",
    ),
    "renaming-table": Rule(
        "a table has one name at a time: the code before and the code after cannot both work, whichever comes first",
        "CREATE VIEW under the new name (simple views take writes) for the code to come; rename by a contract, with a "
        "view under the old name",
    ),
    "require-concurrent-index-creation": Rule(
        "CREATE INDEX lets nobody write to {table} until it is built: the application waited 735 ms at 2 million "
        "rows, and on a staging copy of a thousand rows nobody notices",
        "CREATE INDEX CONCURRENTLY: the application waited 0 ms (the migrator runs it outside a transaction and clears "
        "away what an interrupted build leaves)",
    ),
    "require-concurrent-index-deletion": Rule(
        "DROP INDEX waits for every reader of the table and makes all later ones wait behind it: 2.99 s behind a "
        "reader of 3 s",
        "DROP INDEX CONCURRENTLY",
    ),
    "changing-column-type": Rule(
        "another type rewrites {table} while nobody can read or write it: 3,193 ms at 2 million rows, and 38 % of the "
        "transactions did not happen; code of before and after rarely agree on the type either",
        "ADD COLUMN of the new type, write both, backfill, read the new one; drop the old one by a contract",
    ),
    "adding-field-with-default": Rule(
        "a default that differs from row to row, or a stored generated column, rewrites {table} while nobody can read "
        "or write it (3,193 ms at 2 million rows for a rewrite)",
        "ADD COLUMN {column} without a default; ALTER COLUMN {column} SET DEFAULT for rows to come; fill in the others "
        "by a backfill",
    ),
    "set-not-null": Rule(
        "SET NOT NULL reads all of {table} while nobody can use it: 163 ms at 2 million rows",
        "ADD CONSTRAINT {table}_{column}_set CHECK ({column} IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT "
        "{table}_{column}_set; then SET NOT NULL takes PostgreSQL's word for it: 0 ms. Together in one file will do",
    ),
    "constraint-missing-not-valid": Rule(
        "the constraint is checked for every row of {table} while nobody can write to it",
        "ADD CONSTRAINT … NOT VALID (holds for rows to come), then VALIDATE CONSTRAINT, which blocks nobody",
    ),
    "adding-foreign-key-constraint": Rule(
        "a foreign key is checked for every row of {table} while nobody can write to either table",
        "ADD CONSTRAINT … FOREIGN KEY … NOT VALID (holds for rows to come), then VALIDATE CONSTRAINT",
    ),
    "disallowed-unique-constraint": Rule(
        "a unique constraint builds its index while nobody can read or write {table}",
        "CREATE UNIQUE INDEX CONCURRENTLY name ON {table} (…), then ADD CONSTRAINT … UNIQUE USING INDEX name",
    ),
    "adding-serial-primary-key-field": Rule(
        "a primary key builds its index while nobody can read or write {table}",
        "CREATE UNIQUE INDEX CONCURRENTLY name ON {table} (…), then ADD PRIMARY KEY USING INDEX name",
    ),
    "check-in-add-column": Rule(
        "a column that comes with a CHECK makes PostgreSQL read all of {table} while nobody can use it",
        "ADD COLUMN {column} without it, then ADD CONSTRAINT … CHECK (…) NOT VALID, then VALIDATE CONSTRAINT",
    ),
    "rewrites-table": Rule(
        "it writes {table} anew while nobody can read or write it",
        "a new table, filled by a backfill and used by a later release; or pg_repack, at a quiet hour",
    ),
    "unbatched-update": Rule(
        "one UPDATE of many rows holds them all until it ends, and every writer of one of them waits as long; a "
        "staging load says nothing about it: it grows with the rows that production has",
        _BACKFILL,
    ),
    "unbatched-delete": Rule(
        "one DELETE of many rows holds them all until it ends; a staging load says nothing about it: it grows with "
        "the rows that production has",
        _BACKFILL,
    ),
    "unbatched-insert": Rule(
        "it copies rows in one transaction, which grows with what production has and misses what is written meanwhile",
        f"write to both places from a release on, and copy what is older by {_BACKFILL}",
        fresh=True,
    ),
    "truncate": Rule(
        "TRUNCATE empties {table} for the release that serves now, and everybody waits for it",
        _BACKFILL,
        fresh=True,
    ),
    "ban-truncate-cascade": Rule(
        "TRUNCATE … CASCADE also empties every table that refers to {table}, named nowhere in this file",
        _BACKFILL,
        fresh=True,
    ),
    "lock-table": Rule(
        "LOCK TABLE makes everybody wait until the revision ends: 2.99 s behind a reader of 3 s, and then the revision",
        "leave it out: each statement takes the lock that it needs, and the migrator gives up and tries again",
    ),
    "vacuum-full": Rule(
        "it writes the table anew while nobody can read or write it",
        "plain VACUUM, which blocks nobody; or pg_repack",
    ),
    "require-concurrent-reindex": Rule(
        "REINDEX lets nobody write to the table, nor use the index, until it is done",
        "REINDEX … CONCURRENTLY",
    ),
    "refresh-blocks-readers": Rule(
        "REFRESH MATERIALIZED VIEW lets nobody read the view until it is done",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY, which wants a unique index on it",
    ),
    "attach-partition": Rule(
        "ATTACH PARTITION reads the whole partition while nobody can use it, unless a constraint says what it holds",
        "first ADD CONSTRAINT … CHECK (of the partition's bounds) NOT VALID on the partition, and VALIDATE it",
    ),
    "holds-locks": Rule(
        "an earlier statement of this file keeps {table} locked until the last one has ended, and this one takes as "
        "long as it has rows",
        "a file of its own for it: each revision is its own transaction",
    ),
    "two-tables": Rule(
        "two tables that are in use are locked one after the other and kept until the end: an application that takes "
        "them the other way round deadlocks with it",
        "a file for each table",
    ),
    "squawk-ignore": Rule(
        "this comment silences the linter without a reason that others can read",
        "-- allow: RULE: why it is safe here",
        frozenset({"expand", "contract", "backfill"}),
        fresh=True,
    ),
    "empty": Rule(
        "nothing in it would run, and once it has run it must stay as it is",
        "write the statement, or delete the file",
        frozenset({"expand", "contract", "backfill"}),
        fresh=True,
    ),
    "backfill-without-limit": Rule(
        "nothing bounds the rows that one batch takes",
        "WHERE id IN (SELECT id FROM {table} WHERE … LIMIT :batch)",
        BACKFILL,
        fresh=True,
    ),
    "backfill-without-end": Rule(
        "nothing tells rows that are done from those that are not: a batch would find the same rows for ever",
        "a WHERE that a row no longer meets once it is done, such as WHERE {column} IS NULL",
        BACKFILL,
        fresh=True,
    ),
    "no-backfill": Rule(
        "a backfill changes rows, in one statement that is repeated until it finds none",
        "one UPDATE, DELETE or INSERT; what changes tables goes into an expand migration",
        BACKFILL,
        fresh=True,
    ),
}
"""Every rule that has words of its own. What else squawk finds is told in squawk's."""


def rule(name: str, why: str, safe: str) -> Rule:
    """The rule of that name; for one of squawk's that has no words of its own here, in squawk's: `why` and `safe`."""
    if name in RULES:
        return RULES[name]
    if name.startswith("ban-drop-"):
        return RULES["drop-in-expand"]
    return Rule(why, safe or "see https://squawkhq.com/docs/rules")


STYLE = (
    *("prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-identity", "prefer-text-field"),
    *("prefer-timestamp-tz", "ban-char-field", "require-table-schema", "require-enum-value-ordering"),
)
"""Rules of squawk that are about taste: nobody notices them during a release."""

MIGRATORS = (
    *("require-lock-timeout", "require-statement-timeout", "require-timeout-settings", "prefer-robust-stmts"),
    *("transaction-nesting", "ban-uncommitted-transaction", "ban-concurrent-index-creation-in-transaction"),
)
"""Rules of squawk about what the migrator sees to itself."""

KNOWN_BETTER = ("adding-not-nullable-field",)
"""Rules of squawk that need other revisions too, which it does not see: our own `set-not-null` does."""
