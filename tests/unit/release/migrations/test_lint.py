from pathlib import Path

import pytest

from tests.unit.release.migrations.writing import checked, found, refused, rules, write

FRESH = "CREATE TABLE fresh (id bigint PRIMARY KEY, a text);\n"


def test_mistake_1_a_column_that_must_be_set_and_has_no_default_is_stopped(tmp_path: Path) -> None:
    told = str(refused(write(tmp_path, e1="\nALTER TABLE users ADD COLUMN email text NOT NULL;")))
    assert "0001_x.expand.sql:3 adding-required-field" in told
    assert "ALTER TABLE users ADD COLUMN email text NOT NULL" in told
    assert "each of these would fail" in " ".join(told.split())
    assert "ADD CHECK (email IS NOT NULL) NOT VALID, VALIDATE, SET NOT NULL" in " ".join(told.split())
    assert "nothing was built, no database was touched" in told


def test_mistake_2_dropping_a_column_that_the_serving_release_may_use_is_stopped(tmp_path: Path) -> None:
    told = str(refused(write(tmp_path, e1="ALTER TABLE users DROP COLUMN login;")))
    assert "0001_x.expand.sql:2 ban-drop-column" in told
    assert "may still read or write login" in told
    assert "put it into a contract migration" in " ".join(told.split())


def test_mistake_2_a_contract_that_drops_what_this_versions_own_code_names_is_stopped(tmp_path: Path) -> None:
    write(tmp_path, c1="ALTER TABLE users DROP COLUMN login;")
    (tmp_path / "app.py").write_text("def f(row):\n    return row.login\n")
    (tmp_path / "README.md").write_text("login\n")
    told = str(refused(tmp_path))
    assert "0001_x.contract.sql:2 still-used" in told
    assert "(login: app.py:2)" in told
    assert "README" not in told
    (tmp_path / "app.py").write_text("def f(row):\n    return row.login_name\n")
    assert rules(tmp_path) == []


def test_mistake_3_a_statement_that_blocks_at_peak_is_stopped_with_the_measured_wait(tmp_path: Path) -> None:
    text = "CREATE INDEX users_email ON users (email);\nALTER TABLE users ALTER COLUMN id TYPE bigint;"
    told = " ".join(str(refused(write(tmp_path, e1=text))).split())
    assert "0001_x.expand.sql:2 require-concurrent-index-creation" in told
    assert "735 ms at 2 million rows" in told
    assert "CREATE INDEX CONCURRENTLY" in told
    assert "0001_x.expand.sql:3 changing-column-type" in told
    assert "3,193 ms at 2 million rows, and 38 % of the transactions did not happen" in told


def test_mistake_4_what_is_quick_with_the_rows_of_staging_is_stopped_before_it_meets_productions(
    tmp_path: Path,
) -> None:
    told = " ".join(str(refused(write(tmp_path, e1="UPDATE users SET email = lower(email);"))).split())
    assert "0001_x.expand.sql:2 unbatched-update" in told
    assert "a staging load says nothing about it: it grows with the rows that production has" in told
    assert "release migration new NAME --backfill" in told


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("DELETE FROM t WHERE a = 1", "unbatched-delete"),
        ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = 1", "unbatched-update"),
        ("WITH x AS (SELECT 1) UPDATE t SET a = 2", "unbatched-update"),
        ("WITH x AS (DELETE FROM t RETURNING *) INSERT INTO s VALUES (1)", "unbatched-delete"),
        ("DO $$ BEGIN UPDATE t SET a = 2; END $$", "unbatched-update"),
        ("DO LANGUAGE plpgsql $x$ BEGIN DELETE FROM t; END $x$", "unbatched-delete"),
        ("INSERT INTO s SELECT * FROM t", "unbatched-insert"),
        ("TRUNCATE t", "truncate"),
        ("TRUNCATE TABLE t CASCADE", "ban-truncate-cascade"),
        ("LOCK TABLE t IN SHARE MODE", "lock-table"),
        ("VACUUM (FULL, ANALYZE) t", "vacuum-full"),
        ("CLUSTER t USING i", "rewrites-table"),
        ("ALTER TABLE t SET UNLOGGED", "rewrites-table"),
        ("ALTER TABLE t ADD COLUMN n bigserial", "adding-field-with-default"),
        ("ALTER TABLE t ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY", "adding-field-with-default"),
        ("ALTER TABLE t ADD COLUMN u uuid DEFAULT gen_random_uuid()", "adding-field-with-default"),
        ("ALTER TABLE t ADD COLUMN n int CHECK (n > 0)", "check-in-add-column"),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", "set-not-null"),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "constraint-missing-not-valid"),
        ("ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES s (a)", "adding-foreign-key-constraint"),
        ("ALTER TABLE t ADD CONSTRAINT c UNIQUE (a)", "disallowed-unique-constraint"),
        ("ALTER TABLE t ADD PRIMARY KEY (a)", "adding-serial-primary-key-field"),
        ("ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)", "attach-partition"),
        ("REFRESH MATERIALIZED VIEW m", "refresh-blocks-readers"),
        ("REINDEX TABLE t", "require-concurrent-reindex"),
        ("DROP INDEX i", "require-concurrent-index-deletion"),
        ("ALTER TABLE t RENAME TO s", "renaming-table"),
        ("ALTER TABLE t RENAME COLUMN a TO b", "renaming-column"),
        ("DROP TABLE t", "ban-drop-table"),
        ("DROP FUNCTION f(int)", "ban-drop-function"),
        ("DROP TRIGGER g ON t", "drop-in-expand"),
        ("DROP EXTENSION e", "ban-drop-extension"),
        ("ALTER TABLE t DROP CONSTRAINT c", "ban-drop-constraint"),
        ("DROP VIEW v", "ban-drop-view"),
        ("ALTER TABLE t ALTER COLUMN a DROP DEFAULT", "ban-drop-default"),
        ("ALTER TABLE t ALTER COLUMN a DROP NOT NULL", "ban-drop-not-null"),
        ("ALTER TABLE t DETACH PARTITION p", "require-concurrent-partition-detach"),
        ("SELEC 1", "syntax-error"),
        ("-- nothing but words", "empty"),
    ],
)
def test_an_expand_is_stopped_by_exactly_the_rule_that_it_breaks(
    tmp_path: Path, text: str, rule: str
) -> None:
    (finding,) = found(write(tmp_path, e1=f"{text};" if not text.startswith("--") else text))
    assert finding.rule == rule
    assert finding.why
    assert finding.safe
    assert "{" not in finding.why + finding.safe


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE t ADD COLUMN a text",
        "ALTER TABLE t ADD COLUMN a bigint DEFAULT 0 NOT NULL",
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "DROP INDEX CONCURRENTLY i",
        "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES s (a) NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i",
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
        "SELECT 'UPDATE t SET a = 1; DROP TABLE t'",
        "DO $$ BEGIN PERFORM 1 FROM t FOR UPDATE; END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE t SET a = 1; DELETE FROM t $$",
        "ALTER TYPE e ADD VALUE 'x'",
    ],
)
def test_what_makes_nobody_wait_and_breaks_nothing_passes(tmp_path: Path, text: str) -> None:
    assert rules(write(tmp_path, e1=f"{text};")) == []


def test_a_table_that_the_same_file_makes_may_be_treated_as_nobodys_yet(tmp_path: Path) -> None:
    text = (
        f"{FRESH}CREATE INDEX i ON fresh (a);\nALTER TABLE public.fresh ALTER COLUMN a TYPE varchar(9);\n"
        "UPDATE fresh SET a = 1;\nALTER TABLE FRESH ADD UNIQUE (a);\nALTER TABLE fresh ALTER COLUMN a SET NOT NULL;"
    )
    assert rules(write(tmp_path, e1=text)) == []
    assert rules(write(tmp_path, e1=FRESH, e2='-- after: 0001\nCREATE INDEX j ON "fresh" (a);')) == [
        "require-concurrent-index-creation"
    ]


def test_set_not_null_passes_once_a_checked_constraint_proves_it_even_from_an_earlier_revision(
    tmp_path: Path,
) -> None:
    add = "ALTER TABLE users ADD CONSTRAINT email_set CHECK (email IS NOT NULL) NOT VALID;"
    check = "ALTER TABLE users VALIDATE CONSTRAINT email_set;"
    set_it = "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"
    write(tmp_path, e1=f"{add}\n{check}", e2=f"-- after: 0001\n{set_it}")
    assert rules(tmp_path) == []
    write(tmp_path, e1=add)
    (finding,) = found(tmp_path)
    assert (finding.rule, finding.file, finding.line) == ("set-not-null", "0002_x.expand.sql", 3)
    assert "163 ms at 2 million rows" in finding.why
    assert "VALIDATE CONSTRAINT users_email_set" in finding.safe
    write(tmp_path, e1=f"{add}\n{check}", e2=f"-- after: 0001\n{set_it.replace('email', 'login')}")
    assert rules(tmp_path) == ["set-not-null"]


def test_a_contract_may_drop_but_not_block_rename_or_cascade(tmp_path: Path) -> None:
    write(tmp_path, c1="ALTER TABLE users DROP COLUMN login;\nDROP VIEW v;\nDROP FUNCTION f(int);")
    assert rules(tmp_path) == []
    write(
        tmp_path,
        c1="ALTER TABLE users DROP COLUMN login CASCADE;\nCREATE INDEX i ON users (a);\n"
        "ALTER TABLE users RENAME COLUMN a TO b;",
    )
    assert rules(tmp_path) == ["drop-cascade", "require-concurrent-index-creation", "renaming-column"]


def test_locks_that_one_transaction_piles_up_are_found_and_those_of_two_files_are_not(tmp_path: Path) -> None:
    first, second = "ALTER TABLE a ADD COLUMN x text;", "ALTER TABLE b ADD COLUMN x text;"
    assert rules(write(tmp_path, e1=f"{first}\n{second}")) == ["two-tables"]
    assert rules(write(tmp_path, e1=first, e2=f"-- after: 0001\n{second}")) == []
    # One that must run alone makes the migrator run each statement of the file in a transaction of its own.
    alone = f"{first}\nCREATE INDEX CONCURRENTLY i ON c (x);\n{second}"
    assert rules(write(tmp_path / "alone", e1=alone)) == []


def test_a_long_statement_behind_a_lock_is_told_as_both(tmp_path: Path) -> None:
    assert rules(write(tmp_path, e1="ALTER TABLE a ADD COLUMN x text;\nUPDATE b SET y = 1;")) == [
        "unbatched-update",
        "holds-locks",
    ]


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t WHERE a IS NULL LIMIT :batch)", []),
        (
            "UPDATE t SET a = 1 WHERE id > :position::bigint AND id <= :position::bigint + :batch RETURNING id",
            [],
        ),
        ("UPDATE t SET a = 1 WHERE a IS NULL", ["backfill-without-limit"]),
        ("INSERT INTO s SELECT * FROM t LIMIT :batch", ["backfill-without-end"]),
        ("CREATE INDEX i ON t (a)", ["no-backfill"]),
        ("DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 9); VACUUM t", ["no-backfill", "no-backfill"]),
    ],
)
def test_a_backfill_is_one_bounded_statement_that_ends(tmp_path: Path, text: str, broken: list[str]) -> None:
    assert rules(write(tmp_path, b1=f"-- batch: 500\n{text};")) == broken


def test_an_exception_needs_a_reason_and_is_kept_with_it(tmp_path: Path) -> None:
    write(tmp_path, e1="-- allow: truncate: the table is a cache, empty is fine\nTRUNCATE t;")
    (allowed,) = checked(tmp_path).allowed
    assert str(allowed) == "0001_x.expand.sql allows truncate: the table is a cache, empty is fine"
    assert b'"reason": "the table is a cache, empty is fine"' in checked(tmp_path).listing()
    for text in ("-- allow: truncate\nTRUNCATE t;", "-- allow: truncate: \nTRUNCATE t;"):
        (finding,) = found(write(tmp_path, e1=text))
        assert finding.why.endswith("(the file allows it, but without a reason)")


def test_an_exception_covers_its_own_rule_in_its_own_file_only(tmp_path: Path) -> None:
    write(
        tmp_path,
        e1="-- allow: truncate: a cache\nTRUNCATE t;\nLOCK TABLE t;",
        e2="-- after: 0001\nTRUNCATE t;",
    )
    assert [(finding.file[:4], finding.rule) for finding in found(tmp_path)] == [
        ("0001", "lock-table"),
        ("0002", "truncate"),
    ]


def test_a_revision_that_ran_already_is_excused_in_release_toml_since_its_file_must_stay(
    tmp_path: Path,
) -> None:
    write(tmp_path, e1="TRUNCATE t;")
    assert found(tmp_path, {"0001": {"truncate": "ran in March, before anybody used it"}}) == ()
    assert len(found(tmp_path, {"0002": {"truncate": "another one"}})) == 1


@pytest.mark.parametrize(
    "text",
    [
        "-- squawk-ignore ban-drop-table\nDROP TABLE t;\n-- allow: squawk-ignore: because",
        "DROP -- squawk-ignore ban-drop-table\nTABLE t;",
        "/* squawk-ignore-file */ DROP TABLE t;",
    ],
)
def test_squawks_own_way_to_be_silenced_does_not_work(tmp_path: Path, text: str) -> None:
    assert sorted(rules(write(tmp_path, e1=text))) == ["ban-drop-table", "squawk-ignore"]


def test_a_squawk_configuration_in_the_folder_switches_nothing_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, e1="DROP TABLE t;")
    (tmp_path / ".squawk.toml").write_text('excluded_rules = ["ban-drop-table"]\n')
    monkeypatch.chdir(tmp_path)
    assert rules(tmp_path) == ["ban-drop-table"]


def test_several_lines_of_one_statement_are_told_by_the_line_that_is_wrong(tmp_path: Path) -> None:
    text = "ALTER TABLE users\n  ADD COLUMN a text,\n  DROP COLUMN b;\n\n/* a\ncomment */ DROP TABLE t;"
    assert [finding.line for finding in found(write(tmp_path, e1=text))] == [4, 7]


@pytest.mark.parametrize("text", ["BEGIN; SELECT 1; COMMIT;", "SET lock_timeout = 0;", "\\copy t from 'x'"])
def test_what_the_migrator_would_refuse_is_refused_at_the_build(tmp_path: Path, text: str) -> None:
    error = refused(write(tmp_path, e1=text))
    assert "0001_x.expand.sql, line 2" in error.what
    assert error.next == "edit 0001_x.expand.sql"
