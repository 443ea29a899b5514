"""Where the engine is kept: what a user's checkouts share in the cache folder, and what is one checkout's own."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.engine import versions
from localcloud.engine.cachefolder import cache_folder

EXECUTABLES = (
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
)
"""All that a program in Python needs from the engine."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Cache:
    """`${XDG_CACHE_HOME:-~/.cache}/uneventful/engine`, with one folder for each engine that was got."""

    folder: Path

    @classmethod
    def of_user(cls, environ: Mapping[str, str] | None = None, home: Path | None = None) -> Cache:
        return cls(cache_folder(environ, home) / "engine")

    def built(self) -> Path:
        return self.folder / f"{versions.CLI}-{_platform()}"

    def downloaded(self, version: str) -> Path:
        return self.folder / f"official-{version}-{_platform()}"

    def lock(self) -> Path:
        return self.folder / "lock"


@dataclass(frozen=True)
class Clone:
    """One working copy, named by its root folder: what the engine and the local stacks keep there."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / ".venv" / "bin" / "python"

    @property
    def record(self) -> Path:
        return self.root / ".uneventful" / "engine" / "engine.json"

    @property
    def home(self) -> Path:
        """Pulumi's home folder when stand-ins take the places of plugins."""
        return self.root / ".uneventful" / "engine" / "home"

    @property
    def passphrase(self) -> Path:
        return self.root / ".uneventful" / "passphrase"


def is_complete(binaries: Path) -> bool:
    """Every executable that a program in Python needs is in this folder."""
    return all(os.access(binaries / name, os.X_OK) for name in EXECUTABLES)


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Puts `text` in place at once: a reader sees the former file or this one, whenever this is interrupted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
    new.replace(path)


def _platform() -> str:
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{_ARCHITECTURES.get(machine, machine)}"
