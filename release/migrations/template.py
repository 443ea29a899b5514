"""New migrations: a file of the right name, with the ways that make nobody wait shown in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from release.migrations.revisions import FILE_PATTERN, Kind, Revision

_SQL: dict[Kind, str] = {
    "expand": """\
-- What the code of before and of after can both live with. The migrator sets lock_timeout, tries again when somebody
-- holds a lock, and runs the file in one transaction; CONCURRENTLY and VALIDATE run outside of it.
--
--   ALTER TABLE users ADD COLUMN email text;                          -- nullable, or with a constant DEFAULT
--   CREATE INDEX CONCURRENTLY users_email ON users (email);           -- plain CREATE INDEX stops all writes
--   ALTER TABLE users ADD CONSTRAINT users_email_set CHECK (email IS NOT NULL) NOT VALID;
--   ALTER TABLE users VALIDATE CONSTRAINT users_email_set;            -- once a backfill has filled it in
--   ALTER TABLE users ALTER COLUMN email SET NOT NULL;                -- reads nothing after that

""",
    "contract": """\
-- What only the new code can live with. `release contract` runs it, once no release that is live or warm needs what
-- goes here; it ends the way back to those. No CASCADE: PostgreSQL is to refuse if anything still depends on it.
--
--   ALTER TABLE users DROP COLUMN login;

""",
    "backfill": """\
-- batch: 1000
-- pause: 0.05
-- One statement that changes one batch and is repeated, each time in a transaction of its own, until it finds no row.
-- The WHERE must not find a row that is done; SKIP LOCKED leaves to the application what it is just working on.
--
--   UPDATE users SET email = login || '@example.com'
--   WHERE id IN (
--       SELECT id FROM users WHERE email IS NULL ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED
--   );

""",
}

_PYTHON = '''\
"""{title}: {meaning}."""

{imports}
revision = "{revision}"
down_revision = {down}
{depends}

def {function}:
{body}
'''

_MEANING: dict[Kind, str] = {
    "expand": "the code of before and of after can both live with it",
    "contract": "only the new code can live with it",
    "backfill": "batches, each in a transaction of its own, until one finds no row",
}

_IMPORTS: dict[Kind, str] = {
    "expand": "import sqlalchemy as sa\nfrom alembic import op\n",
    "contract": "from alembic import op\n",
    "backfill": "import psycopg\n",
}

_BODY: dict[Kind, str] = {
    "expand": """\
    op.add_column("users", sa.Column("email", sa.Text(), nullable=True))
    with op.get_context().autocommit_block():
        op.create_index("users_email", "users", ["email"], postgresql_concurrently=True)""",
    "contract": """\
    op.drop_column("users", "login")""",
    "backfill": '''\
    """The number of rows that this batch changed; 0 ends the backfill, so rows that somebody holds are waited for."""
    return connection.execute(
        "UPDATE users SET email = login WHERE id IN "
        "(SELECT id FROM users WHERE email IS NULL ORDER BY id LIMIT 1000 FOR UPDATE)"
    ).rowcount''',
}


def new(title: str, kind: Kind, python: bool, existing: Sequence[Revision]) -> tuple[str, str]:
    """The name and the text of a migration that follows the `existing` ones (in their order)."""
    number = _next_number(existing)
    slug = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or kind
    file = f"{number}_{slug[:48]}.{kind}.{'py' if python else 'sql'}"
    expands = [each.revision for each in existing if each.kind != "contract"]
    contracts = [each.revision for each in existing if each.kind == "contract"]
    after = expands[-1:] if kind != "contract" else [*contracts[-1:], *expands[-1:]]
    return file, (_python if python else _sql)(title, kind, number, after)


def _sql(title: str, kind: Kind, number: str, after: Sequence[str]) -> str:
    follows = f"-- after: {', '.join(after)}\n" if after else ""
    return f"-- revision: {number}\n{follows}-- {title}\n{_SQL[kind]}"


def _python(title: str, kind: Kind, number: str, after: Sequence[str]) -> str:
    return _PYTHON.format(
        title=title.strip().rstrip("."),
        meaning=_MEANING[kind],
        imports=_IMPORTS[kind],
        revision=number,
        down=f'"{after[0]}"' if after else "None",
        depends=f'depends_on = "{after[1]}"\n' if after[1:] else "",
        function="batch(connection: psycopg.Connection) -> int"
        if kind == "backfill"
        else "upgrade() -> None",
        body=_BODY[kind],
    )


def _next_number(existing: Sequence[Revision]) -> str:
    numbers = [int(found["number"]) for each in existing if (found := FILE_PATTERN.match(each.file))]
    return f"{max(numbers, default=0) + 1:04}"
