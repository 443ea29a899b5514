"""Revisions in Python, with Alembic's operations."""

from __future__ import annotations

USERS = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("users", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("email", sa.Text))
    users = sa.table("users", sa.column("id", sa.BigInteger), sa.column("email", sa.Text))
    op.bulk_insert(users, [{"id": 1, "email": "it's; 100%"}])
"""

INDEX = """
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE more (id bigint)")
    with op.get_context().autocommit_block():
        op.create_index("users_email", "users", ["email"], postgresql_concurrently=True, unique=UNIQUE)
    op.execute("INSERT INTO more VALUES (1)")
"""


def test_alembics_operations_run_as_the_sql_that_they_stand_for(place):
    place.add("0001_users.expand.py", USERS)
    ran = place.applied()
    assert "0001, statement 1 of 2: CREATE TABLE users" in ran.out
    assert place.query("SELECT * FROM users") == [(1, "it's; 100%")]


def test_what_an_autocommit_block_has_committed_is_not_run_again_after_a_failure(place):
    place.add("0001_users.expand.py", USERS)
    place.add("0002_index.expand.py", INDEX.replace("UNIQUE", "True"))
    place.applied(revisions=["0001"])
    place.query("INSERT INTO users VALUES (2, 'it''s; 100%')")
    ran = place.run()
    assert ran.status == 1
    assert "0002, statement 2 of 3 failed" in ran.err
    assert place.invalid_indexes() == []
    place.add("0002_index.expand.py", INDEX.replace("UNIQUE", "False"))
    place.applied()
    assert place.query("SELECT * FROM more") == [(1,)]


def test_one_that_would_read_the_database_is_refused_before_anything_runs(place):
    place.add("0001_users.expand.py", USERS)
    reading = (
        INDEX.split("def upgrade")[0] + "def upgrade():\n    op.get_bind().execute('SELECT 1').scalar()\n"
    )
    place.add("0002_read.expand.py", reading)
    ran = place.run()
    assert ran.status == 1
    assert "0002_read.expand.py cannot be run" in ran.err
    assert "belongs into a backfill" in ran.err
    assert place.ledger() == {}
