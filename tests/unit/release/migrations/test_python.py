from pathlib import Path

import pytest

from release.migrations.folder import read_folder
from release.migrations.offline import render
from release.migrations.script import scripts
from tests.unit.release.migrations.writing import found, refused

HEAD = 'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "0001"\ndown_revision = None\n\n\n'


def application(folder: Path, body: str, name: str = "0001_x.expand.py", head: str = HEAD) -> Path:
    (folder / "migrations").mkdir(exist_ok=True)
    (folder / "migrations" / name).write_text(f"{head}def upgrade():\n{body}")
    return folder


def test_what_alembic_would_run_is_read_by_the_same_rules_and_told_by_the_line_of_the_operation(
    tmp_path: Path,
) -> None:
    body = (
        "    print('hello')\n"
        '    op.add_column("users", sa.Column("email", sa.Text(), nullable=False))\n'
        "    with op.get_context().autocommit_block():\n"
        '        op.create_index("i", "users", ["email"], postgresql_concurrently=True)\n'
        "    op.execute(\n        \"UPDATE users SET email = 'a;b'\"\n    )\n"
    )
    findings = found(application(tmp_path, body))
    assert [(finding.line, finding.rule) for finding in findings] == [
        (10, "adding-required-field"),
        (13, "unbatched-update"),
    ]
    assert not (tmp_path / "migrations" / "__pycache__").exists()


def test_a_percent_sign_is_read_once_as_the_migrator_runs_it(tmp_path: Path) -> None:
    application(tmp_path, "    op.execute(\"COMMENT ON TABLE users IS '100 % of them'\")\n")
    ((_, statement),) = render(tmp_path / "migrations" / "0001_x.expand.py")
    assert statement == "COMMENT ON TABLE users IS '100 % of them';"


def test_an_exception_in_python_is_a_comment_of_python(tmp_path: Path) -> None:
    body = '    # allow: ban-drop-table: nobody ever used it\n    op.drop_table("users")\n'
    assert found(application(tmp_path, body)) == ()


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ('    op.get_bind().execute("SELECT 1").fetchall()\n', "Error"),
        ("    raise ValueError('no')\n", "ValueError: no"),
        ("    raise SystemExit(3)\n", "SystemExit: 3"),
        ("    import os\n    os._exit(3)\n", "exit status 3"),
    ],
)
def test_one_that_cannot_be_read_without_a_database_is_told_by_file_and_line(
    tmp_path: Path, body: str, seen: str
) -> None:
    error = refused(application(tmp_path, body))
    assert error.what.startswith("0001_x.expand.py:")
    assert error.what.endswith("cannot be read without a database")
    assert seen in error.seen
    assert "Traceback" not in str(error)


def test_a_backfill_in_python_is_carried_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_x.backfill.py").write_text(
        'raise RuntimeError\nrevision = "0001"\ndef batch(connection): ...\n'
    )
    (script,) = scripts(tmp_path / "migrations", read_folder(tmp_path, "migrations"))
    assert script.statements == ()
    assert found(tmp_path) == ()
