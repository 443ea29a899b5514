from pathlib import Path

import pytest

from release.errors import BundleError
from release.migrations.chain import order
from release.migrations.folder import read_folder
from release.migrations.revisions import read


def chain(*files: tuple[str, str]) -> list[str]:
    return [revision.revision for revision in order(read(name, text.encode()) for name, text in files)]


def sql(number: int, kind: str, after: str = "", revision: str = "") -> tuple[str, str]:
    header = f"-- revision: {revision or f'{number:04}'}\n" + (f"-- after: {after}\n" if after else "")
    return f"{number:04}_x.{kind}.sql", f"{header}SELECT 1;\n"


def error(*files: tuple[str, str]) -> BundleError:
    with pytest.raises(BundleError) as caught:
        chain(*files)
    assert caught.value.expected
    assert caught.value.seen
    assert caught.value.next
    return caught.value


def test_expands_and_backfills_are_one_chain_and_contracts_follow_by_number() -> None:
    files = (
        sql(9, "contract", "0002"),
        sql(4, "contract", "0003"),
        sql(3, "expand", "0002"),
        sql(2, "backfill", "0001"),
        sql(1, "expand"),
        sql(10, "contract", "0009, 0003"),
    )
    assert chain(*files) == ["0001", "0002", "0003", "0004", "0009", "0010"]


def test_the_chain_and_not_the_number_says_what_follows_what() -> None:
    assert chain(sql(1, "expand", "b", "a"), sql(2, "expand", "", "b")) == ["b", "a"]


def test_two_heads_name_both_files_and_lines() -> None:
    told = error(sql(1, "expand"), sql(2, "expand", "0001"), sql(3, "backfill", "0001"))
    assert told.what == "two migrations follow 0001: 0002_x.expand.sql:2 and 0003_x.backfill.sql:2"
    assert told.next == "edit 0003_x.backfill.sql: -- after: 0002"


def test_two_first_ones_are_two_heads() -> None:
    assert "two migrations say that they are the first" in error(sql(1, "expand"), sql(2, "expand")).what


def test_two_contracts_after_one_contract_are_two_heads_and_after_one_expand_are_not() -> None:
    start = (sql(1, "expand"), sql(2, "contract", "0001"))
    assert chain(*start, sql(3, "contract", "0001")) == ["0001", "0002", "0003"]
    told = error(*start, sql(3, "contract", "0002"), sql(4, "contract", "0002"))
    assert "two migrations follow 0002" in told.what


def test_a_gap_names_who_follows_what_is_not_here() -> None:
    told = error(sql(1, "expand"), sql(3, "expand", "0002"))
    assert told.what == "0003_x.expand.sql:2 follows a revision that is not here: 0002"
    assert told.next == "restore the file of revision 0002, or edit 0003_x.expand.sql"


def test_a_revision_that_follows_itself_is_refused() -> None:
    assert "is not here: 0001" in error(sql(1, "expand", "0001")).what


def test_a_ring_is_refused() -> None:
    told = error(sql(1, "expand", "0002"), sql(2, "expand", "0001"))
    assert "go round in a ring" in told.what
    assert told.seen == "0001 after 0002, 0002 after 0001"


def test_one_id_twice_names_both_files() -> None:
    told = error(sql(1, "expand"), sql(2, "expand", "", "0001"))
    assert told.seen == "0001_x.expand.sql:1 and 0002_x.expand.sql:1"


def test_a_contract_inside_the_expand_chain_is_refused() -> None:
    told = error(sql(1, "expand"), sql(2, "contract", "0001"), sql(3, "expand", "0002"))
    assert told.what == "0003_x.expand.sql:2 follows a contract: 0002"


def test_an_expand_follows_one_revision_only() -> None:
    told = error(sql(1, "expand"), sql(2, "expand", "0001"), sql(3, "expand", "0001, 0002"))
    assert "follows more than one" in told.what


def test_a_contract_does_not_follow_one_with_a_higher_number() -> None:
    told = error(sql(1, "expand"), sql(2, "contract", "0003"), sql(3, "contract", "0001"))
    assert told.seen == "0002_x.contract.sql after 0003_x.contract.sql"


@pytest.mark.parametrize(
    "name", ["1_x.expand.sql", "0001_x.sql", "0001_x.expend.sql", "0001-x.expand.sql", "0001_X.expand.sql"]
)
def test_a_file_that_is_not_named_as_a_migration_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / name).write_text("-- revision: 1\n")
    with pytest.raises(BundleError, match="is no name for a migration"):
        read_folder(tmp_path, "migrations")


def test_what_is_no_migration_may_lie_beside_them(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    for name in ("README.md", "__init__.py", "env.py"):
        (tmp_path / "migrations" / name).touch()
    assert read_folder(tmp_path, "migrations") == ()


def test_a_folder_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="migrations is no folder"):
        read_folder(tmp_path, "migrations")


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("0001_x.expand.sql", "CREATE TABLE t ();", "0001_x.expand.sql:1 does not name its revision"),
        ("0001_x.expand.sql", "SELECT 1;\n-- revision: 0001", "0001_x.expand.sql:1 does not name"),
        ("0001_x.expand.sql", "\n-- revision: a b", "0001_x.expand.sql:2 does not name its revision"),
        ("0001_x.expand.sql", "-- revision: a\n-- revision: b", "0001_x.expand.sql:2 says 'revision' again"),
        ("0001_x.expand.sql", "-- revision: a\n-- batch: 9", "0001_x.expand.sql:2 cannot be used"),
        ("0001_x.backfill.sql", "-- revision: a\n-- batch: 0", "0001_x.backfill.sql:2 cannot be used"),
        ("0001_x.backfill.sql", "-- revision: a\n-- pause: long", "0001_x.backfill.sql:2 cannot be used"),
        ("0001_x.expand.py", "revision = 'a'\n", "0001_x.expand.py has no function upgrade"),
        (
            "0001_x.backfill.py",
            "revision = 'a'\ndef upgrade(): 1\n",
            "0001_x.backfill.py has no function batch",
        ),
        ("0001_x.expand.py", "revision = name()\ndef upgrade(): 1\n", "0001_x.expand.py:1 cannot be read"),
        ("0001_x.expand.py", "def upgrade(: 1\n", "0001_x.expand.py:1 is not Python"),
        ("0001_x.expand.py", "def upgrade(): 1\n", "0001_x.expand.py:1 does not name its revision"),
    ],
)
def test_a_file_that_says_too_little_or_nonsense_is_told_by_its_line(name: str, text: str, what: str) -> None:
    assert what in error((name, text)).what


def test_python_is_read_without_being_run_and_names_what_alembic_names() -> None:
    text = "raise RuntimeError\nrevision: str = 'c1'\ndown_revision = None\ndepends_on = ('e1',)\ndef upgrade(): 1\n"
    revision = read("0002_x.contract.py", text.encode())
    assert (revision.revision, revision.down, revision.lines["revision"]) == ("c1", "e1", 2)


def test_a_checksum_is_of_every_byte() -> None:
    first, second = (read("0001_x.expand.sql", text) for text in (b"-- revision: a\n", b"-- revision: a\r\n"))
    assert first.revision == second.revision
    assert first.checksum != second.checksum
