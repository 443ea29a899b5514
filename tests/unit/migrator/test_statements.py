"""SQL is cut where PostgreSQL would cut it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import StatementError
from migrator.statements import Statement, digest, split
from migrator.tokens import scan


@given(st.text(alphabet="ab'\"$-/*\\;: \n()eEuU&1.%ü", max_size=60))
def test_no_source_is_lost_in_scanning(source):
    assert "".join(token.text for token in scan(source)) == source


@pytest.mark.parametrize(
    "source",
    [
        "SELECT 'a;b'",
        "SELECT 'it''s; fine'",
        r"SELECT E'it\'s; fine'",
        r"SELECT 'no escape \'",
        'SELECT "a;""b"',
        "SELECT $$a;b$$",
        "SELECT $tag$a;$$;b$tag$",
        "SELECT a$b$c",
        "SELECT 1 -- a;b\n, 2",
        "SELECT 1 /* a; /* b; */ c; */ , 2",
        "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
        "CREATE OR REPLACE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; COMMIT; END; $$",
    ],
)
def test_a_semicolon_inside_something_ends_no_statement(source):
    statements = split(f"{source};\n-- the end;\nSELECT 2;", "0001.sql")
    assert [statement.text for statement in statements] == [source, "SELECT 2"]


def test_a_function_whose_columns_are_called_begin_and_end_is_cut_after_it():
    source = 'CREATE TABLE t (a int, "begin" int);\nCREATE TABLE atomic (b int);\n'
    assert len(split(source, "0001.sql")) == 2


def test_lines_are_those_of_the_file():
    assert [one.line for one in split("-- head\n\nSELECT 1;\n/* x\n*/ SELECT\n2;", "0001.sql")] == [3, 5]


def test_nothing_but_comments_is_no_statement():
    assert split("-- revision: 0001\n/* nothing */ ;;\n", "0001.sql") == ()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("BEGIN", "transaction control"),
        ("SELECT 1; commit", "transaction control"),
        ("SET ROLE postgres", "a setting that is the migrator's"),
        ("RESET ROLE", "a setting that is the migrator's"),
        ("set session authorization x", "a setting that is the migrator's"),
        ("SET LOCAL lock_timeout = 0", "a setting that is the migrator's"),
        ("COPY t FROM STDIN", "COPY from a client"),
        ("CREATE DATABASE x", "what a revision cannot hold"),
        ("CREATE INDEX CONCURRENTLY ON t (a)", "an index without a name"),
        ("\\d users", "a command of psql"),
    ],
)
def test_what_would_get_out_of_the_migrators_hands_is_refused_with_its_line(source, why):
    with pytest.raises(StatementError, match=f"0001.sql, line [0-9]+: {why}"):
        split(source, "0001.sql")


@pytest.mark.parametrize(
    ("text", "outside", "alone"),
    [
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", True, True),
        ("create index concurrently if not exists i on t (a)", True, True),
        ("CREATE INDEX concurrently_built ON t (a)", False, False),
        ("DROP INDEX CONCURRENTLY i", True, True),
        ("REINDEX (VERBOSE) TABLE CONCURRENTLY t", True, True),
        ("VACUUM ANALYZE t", True, True),
        ("ALTER TABLE p DETACH PARTITION q CONCURRENTLY", True, True),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", False, False),
        ("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'x'", False, True),
        ("ALTER TABLE t VALIDATE CONSTRAINT c", False, True),
        ("ALTER TABLE t ADD COLUMN a int", False, False),
        ("SELECT 'CREATE INDEX CONCURRENTLY'", False, False),
    ],
)
def test_what_a_statement_needs_to_run_is_read_off_its_words(text, outside, alone):
    assert (Statement(text, 1).outside, Statement(text, 1).alone) == (outside, alone)


def test_a_summary_hides_every_text_even_one_that_was_cut_off():
    assert "hush" not in Statement("ALTER ROLE x PASSWORD 'hush", 1).summary
    assert "hush" not in Statement("SELECT $$hush$$, E'hush\\'hush', U&'hush'", 1).summary
    assert Statement("INSERT INTO t (a)\nVALUES ('hush')", 1).summary == "INSERT INTO t (a) VALUES ('…' …"


def test_the_digest_is_of_what_is_done_and_not_of_how_it_is_written():
    assert digest(split("SELECT 1; -- one", "x")) == digest(split("SELECT\n  1;", "x"))
    assert digest(split("SELECT 1", "x")) != digest(split("SELECT 2", "x"))
