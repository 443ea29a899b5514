from pathlib import Path

import pytest

from release.cli.main import run
from release.migrations.folder import read_folder
from release.migrations.revisions import KINDS, Kind
from tests.unit.release.migrations.writing import rules


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "release.toml").write_text('[migrations]\npath = "db/steps"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_new_one_has_the_next_number_and_follows_the_last_of_its_chain(application: Path) -> None:
    for arguments in (
        ["First tables!", "--expand"],
        ["add email", "--expand", "--python"],
        ["fill email", "--backfill"],
        ["fill more", "--backfill", "--python"],
        ["drop login", "--contract"],
        ["drop name", "--contract", "--python"],
    ):
        assert run(["migration", "new", *arguments]) == 0
    found = read_folder(application, "db/steps")
    assert [(revision.file, revision.down) for revision in found] == [
        ("0001_first_tables.expand.sql", ""),
        ("0002_add_email.expand.py", "0001"),
        ("0003_fill_email.backfill.sql", "0002"),
        ("0004_fill_more.backfill.py", "0003"),
        ("0005_drop_login.contract.sql", "0004"),
        ("0006_drop_name.contract.py", "0005,0004"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_template_shows_passes_the_linter_once_it_is_no_comment(application: Path, kind: Kind) -> None:
    assert run(["migration", "new", "x", f"--{kind}"]) == 0
    (file,) = (application / "db" / "steps").iterdir()
    file.write_text(file.read_text().replace("--   ", ""))
    (application / "db" / "steps").rename(application / "migrations")
    assert rules(application) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_python_template_does_passes_the_linter(application: Path, kind: Kind) -> None:
    assert run(["migration", "new", "x", f"--{kind}", "--python"]) == 0
    (application / "db" / "steps").rename(application / "migrations")
    assert rules(application) == []


def test_an_unfinished_template_is_stopped(application: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migration", "new", "x", "--expand"]) == 0
    assert run(["migration", "lint"]) == 1
    assert "0001_x.expand.sql:1 empty" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [[], ["--expand", "--contract"]])
def test_a_kind_has_to_be_chosen(
    application: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["migration", "new", "x", *flags]) == 1
    assert "which kind of migration?" in capsys.readouterr().err
    assert not (application / "db").exists()


def test_the_folder_that_release_toml_does_not_name_yet_is_told(
    application: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (application / "release.toml").unlink()
    assert run(["migration", "new", "x", "--expand"]) == 0
    assert '[migrations]\n    path = "migrations"' in capsys.readouterr().out


def test_lint_tells_what_is_allowed_and_why(application: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migration", "new", "x", "--expand"]) == 0
    (file,) = (application / "db" / "steps").iterdir()
    file.write_text("-- revision: 0001\n-- allow: truncate: it is a cache\nTRUNCATE t;")
    assert run(["migration", "lint", str(application)]) == 0
    said = capsys.readouterr().out
    assert (
        "0001_x.expand.sql allows truncate: it is a cache\n1 migration, nothing that people would notice"
        in said
    )
