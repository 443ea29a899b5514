import importlib.util
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from release.bundle import build
from release.cli.main import run
from release.errors import BundleError
from release.migrations import runtime
from release.migrations import wheels as wheel_pins


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    application = tmp_path / "application"
    (application / "migrations").mkdir(parents=True)
    (application / "Procfile").write_text("web: ./serve\n")
    (application / "release.toml").write_text('[migrations]\npath = "migrations"\n')
    (application / "migrations" / "0001_orders.expand.sql").write_text(
        "-- revision: 0001\nCREATE TABLE orders (id bigint PRIMARY KEY);\n"
    )
    return application


def wheels(python: str, machine: str, target: Path) -> None:
    """Two packages, as an index has them: one compiled for each Python, one pure with a compiled extra."""
    tag = f"cp{python.replace('.', '')}"
    target.mkdir(parents=True, exist_ok=True)
    with ZipFile(target / f"psycopg_binary-1-{tag}.whl", "w") as wheel:
        wheel.writestr("psycopg_binary/__init__.py", "")
        wheel.writestr(f"psycopg_binary/pq.{tag}.so", tag)
        wheel.writestr("psycopg_binary.libs/libpq.so.5", "libpq")
        wheel.writestr("psycopg_binary-1.dist-info/METADATA", "Version: 1\n")
        wheel.writestr("psycopg_binary-1.dist-info/licenses/LICENSE.txt", "LGPL")
        wheel.writestr("psycopg_binary-1.dist-info/RECORD", f"differs,{tag}")
    with ZipFile(target / f"sqlalchemy-2-{tag}.whl", "w") as wheel:
        wheel.writestr("sqlalchemy/__init__.py", "")
        wheel.writestr(f"sqlalchemy/_fast.{tag}.so", tag)
        wheel.writestr("sqlalchemy/dialects/mysql/__init__.py", "")
        wheel.writestr("sqlalchemy/testing/__init__.py", "")


def no_index(python: str, machine: str, target: Path) -> None:
    raise BundleError("the packages that run migrations could not be fetched")


def names(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        return {member.name for member in tar.getmembers() if member.isfile()}


def test_what_is_kept_serves_every_python_and_nothing_that_no_migration_opens(tmp_path: Path) -> None:
    kept = names(runtime.packages(tmp_path, wheels, "x86_64"))
    inside = {name.removeprefix(f"{runtime.FOLDER}/") for name in kept}
    assert {f"psycopg_binary/pq.cp3{minor}.so" for minor in (11, 12, 13, 14)} <= inside
    assert {"psycopg_binary.libs/libpq.so.5", "psycopg_binary-1.dist-info/METADATA"} <= inside
    assert "psycopg_binary-1.dist-info/licenses/LICENSE.txt" in inside
    assert not any("RECORD" in name or "mysql" in name or "testing" in name for name in inside)
    assert [name for name in inside if name.startswith("sqlalchemy")] == ["sqlalchemy/__init__.py"]


def test_packages_are_fetched_once_and_another_cache_has_the_same_bytes(tmp_path: Path) -> None:
    first = runtime.packages(tmp_path / "one", wheels, "x86_64")
    assert runtime.packages(tmp_path / "one", no_index, "x86_64") == first
    before = os.umask(0o077)
    try:
        second = runtime.packages(tmp_path / "two", wheels, "x86_64")
    finally:
        os.umask(before)
    assert second.read_bytes() == first.read_bytes()
    assert [path.name for path in (tmp_path / "one").iterdir()] == [first.name]


def test_without_an_index_nothing_is_left_and_the_error_is_the_users(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="could not be fetched"):
        runtime.packages(tmp_path / "cache", no_index, "x86_64")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_bundle_carries_the_migrator_the_list_and_the_python_and_runs_where_it_is_unpacked(
    folder: Path, tmp_path: Path
) -> None:
    bundle = build(folder, "1", tmp_path / "out")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "-xzf", bundle.path, "-C", unpacked], check=True)
    assert (unpacked / runtime.PYTHON_FILE).read_text() == "3.11\n"
    listing = json.loads((unpacked / runtime.LISTING).read_bytes())
    (revision,) = listing["revisions"]
    (migration,) = bundle.manifest.migrations
    assert listing["path"] == "migrations"
    assert revision == {"file": "0001_orders.expand.sql", **migration.model_dump()}
    script = "import alembic.op, sqlalchemy, psycopg; import migrator; print(psycopg.pq.__impl__, migrator.__file__)"
    script += "; sqlalchemy.create_engine('postgresql+psycopg://u@h/d').dialect"
    done = subprocess.run(
        [sys.executable, "-P", "-S", "-c", script],
        env={"PYTHONPATH": str(unpacked / runtime.FOLDER), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["binary", str(unpacked / runtime.FOLDER / "migrator" / "__init__.py")]


def test_the_same_application_gives_the_same_bytes_with_the_migrator_in_it(
    folder: Path, tmp_path: Path
) -> None:
    first = build(folder, "1", tmp_path / "first")
    assert build(folder, "1", tmp_path / "second").path.read_bytes() == first.path.read_bytes()


def test_an_application_without_migrations_has_an_empty_list(folder: Path, tmp_path: Path) -> None:
    (folder / "release.toml").unlink()
    bundle = build(folder, "1", tmp_path / "out")
    with tarfile.open(bundle.path) as tar:
        file = tar.extractfile(runtime.LISTING)
        assert file is not None
        assert json.loads(file.read()) == {"path": "", "revisions": [], "allowed": []}
    assert bundle.manifest.migrations == ()


def test_every_file_of_the_migrator_is_in_the_bundle(folder: Path, tmp_path: Path) -> None:
    spec = importlib.util.find_spec("migrator")
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    expected = {f"{runtime.FOLDER}/migrator/{path.relative_to(root)}" for path in root.rglob("*.py")}
    assert expected <= names(build(folder, "1", tmp_path / "out").path)


def test_what_a_bundle_carries_is_pinned_as_everywhere_else() -> None:
    """The whole of a package's entry, with its hashes, so that both files change together."""
    everywhere = (Path(__file__).parents[4] / "requirements" / "core.txt").read_text()
    entries = wheel_pins.REQUIREMENTS.read_text().split("\n", 1)[1]
    lines = {line.split(" ; ")[0].rstrip(" \\") for line in everywhere.splitlines()}
    carried = [line.rstrip(" \\") for line in entries.splitlines()]
    assert len([line for line in carried if "==" in line]) == 7
    assert set(carried) <= lines


def test_what_is_allowed_is_in_the_bundle_and_told_by_the_build(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "migrations" / "0002_x.expand.sql").write_text(
        "-- revision: 0002\n-- after: 0001\n-- allow: truncate: it is a cache\nTRUNCATE orders;\n"
    )
    assert run(["build", str(folder), "--version", "1", "--out", str(tmp_path / "out")]) == 0
    assert "0002_x.expand.sql allows truncate: it is a cache\n" in capsys.readouterr().out
    (archive,) = (tmp_path / "out").glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        file = tar.extractfile(runtime.LISTING)
        assert file is not None
        (allowed,) = json.loads(file.read())["allowed"]
    assert allowed == {"rule": "truncate", "reason": "it is a cache", "file": "0002_x.expand.sql"}


def test_a_finding_leaves_no_bundle_and_an_earlier_one_as_it_was(folder: Path, tmp_path: Path) -> None:
    first = build(folder, "1", tmp_path / "out")
    (folder / "migrations" / "0001_orders.expand.sql").write_text("-- revision: 0001\nDROP TABLE orders;\n")
    with pytest.raises(BundleError, match="1 finding in the migrations"):
        build(folder, "1", tmp_path / "out")
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".gz", ".json"]
    assert first.path.exists()
