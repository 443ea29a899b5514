"""The wheels that `migrator` imports, fetched by hash and merged into one folder that several Pythons can use.

Only psycopg's own binary differs from Python to Python: it is there once for each. What other wheels compile is
optional to them and left out, and so is what the migrator never opens.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import ZipFile

from release.errors import ToolMissing

REQUIREMENTS = Path(__file__).with_name("requirements.txt")

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""Whichever of these a host has can run the migrator."""

_PLATFORMS = ("manylinux_2_28", "manylinux2014")

_COMPILED = re.compile(r"^psycopg_binary[./].*\.so[^/]*$")
_LEFT_OUT = re.compile(
    r"\.(so|pyi|pyx|pxd|c|h)$|/py\.typed$"
    r"|^(sqlalchemy|alembic|mako)/testing/|^alembic/templates/|^psycopg/crdb/|^sqlalchemy/ext/mypy/"
    r"|^sqlalchemy/dialects/(mysql|mssql|oracle|sqlite)/"
    # psycopg asks for its version in METADATA; licences go wherever the code goes.
    r"|\.dist-info/(?!METADATA$|licenses/)"
)

Fetch = Callable[[str, str, Path], None]
"""Puts the wheels for a Python (like 3.11) and a machine (like x86_64) into a folder."""


def fetch(python: str, machine: str, target: Path) -> None:
    """Download the pinned wheels with pip, each checked by its hash. Raises BundleError where that fails."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--implementation", "cp"),
        *("--python-version", python, *(f"--platform={name}_{machine}" for name in _PLATFORMS)),
        *("--requirement", str(REQUIREMENTS), "--dest", str(target)),
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ToolMissing(
            "the packages that run migrations could not be fetched",
            expected=f"what {REQUIREMENTS.name} of release/migrations pins, for Python {python} on {machine}",
            seen="\n".join([f"pip's exit status {done.returncode}", *done.stdout.rstrip().splitlines()[-6:]]),
            state="nothing was built",
            next="let pip reach a package index (`pip config list` shows which), then build again",
        )


def merge(wheels: Path) -> Mapping[str, bytes]:
    """The files of all wheels below a folder, without those that no migration needs.

    Wheels of one package for several Pythons differ in compiled files only, each named after its Python.
    """
    files: dict[str, bytes] = {}
    for wheel in sorted(wheels.rglob("*.whl")):
        with ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith("/") or (_LEFT_OUT.search(name) and not _COMPILED.match(name)):
                    continue
                files.setdefault(name, archive.read(name))
    return dict(sorted(files.items()))
