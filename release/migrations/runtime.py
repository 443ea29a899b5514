"""What runs migrations, as every bundle carries it: the `migrator` package and what it imports.

The packages are fetched once for this machine and kept, compressed, in the user's cache folder; a build copies
them as they are.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import os
import platform
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from release.archive import Carried, write
from release.errors import ToolMissing
from release.migrations import wheels

FOLDER = ".uneventful/migrator"
PYTHON_FILE = ".uneventful/python"
LISTING = ".uneventful/migrations.json"

_LAYOUT = "2"
"""Part of the cache's key: changes with what is made of the same wheels."""


def carried(listing: bytes, cache: Path | None = None, fetch: wheels.Fetch = wheels.fetch) -> Carried:
    """What a bundle holds beside the application; `listing` becomes `.uneventful/migrations.json`.

    `cache` is a folder that outlives the build. Raises BundleError where the packages aren't in it and cannot be
    fetched.
    """
    files = {
        **{f"{FOLDER}/migrator/{name}": content for name, content in _migrator().items()},
        PYTHON_FILE: f"{wheels.PYTHONS[0]}\n".encode(),
        LISTING: listing,
    }
    return Carried(packages(cache or cache_folder(), fetch), files)


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/uneventful`, which all checkouts of a user share."""
    base = environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "uneventful"  # noqa: PTH117


def packages(cache: Path, fetch: wheels.Fetch = wheels.fetch, machine: str = "") -> Path:
    """The beginning of a `.tar.gz` with the packages for this machine's kind of processor; made at the first need.

    Two builds at once may both make it: the same bytes, put in place in one step.
    """
    machine = machine or platform.machine()
    words = (_LAYOUT, machine, *wheels.PYTHONS, zlib.ZLIB_RUNTIME_VERSION)
    key = hashlib.sha256(wheels.REQUIREMENTS.read_bytes() + " ".join(words).encode()).hexdigest()[:16]
    kept = cache / f"migrator-{machine}-{key}.tar.gz"
    if kept.is_file():
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".migrator-", dir=cache) as scratch:
        wheelhouse = Path(scratch, "wheels")
        with ThreadPoolExecutor() as pool:
            # Each into a folder of its own: the packages that all Pythons share have the same file name.
            tuple(pool.map(lambda python: fetch(python, machine, wheelhouse / python), wheels.PYTHONS))
        files = {f"{FOLDER}/{name}": content for name, content in wheels.merge(wheelhouse).items()}
        made = Path(scratch, "packages.tar.gz")
        with (
            made.open("wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as packed,
        ):
            write(files, packed)
        shutil.rmtree(wheelhouse)
        made.replace(kept)
    return kept


def _migrator() -> dict[str, bytes]:
    """The files of the package `migrator`, by their path inside it."""
    found = importlib.util.find_spec("migrator")
    roots = list(found.submodule_search_locations or ()) if found else []
    if not roots:
        raise ToolMissing(
            "the package that runs migrations is not installed",
            expected="`migrator`, beside `release`",
            seen=f"nothing of that name where Python looks from {Path(__file__).parents[2]}",
            state="nothing was built",
            next="make python",
        )
    root = Path(roots[0])
    return {
        PurePosixPath(path.relative_to(root)).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
