"""Bundles: an application's folder as one `.tar.gz` whose name is its content.

The same folder gives the same bytes, whoever builds it, when and under whatever umask, as long as its own
build step does and zlib is the same.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from release.application import read_options, read_processes
from release.archive import MOMENT, copy, pack
from release.errors import BuildFailed, BundleError
from release.migrations.check import check
from release.migrations.folder import Allowed, exceptions, of_manifest
from release.migrations.runtime import carried
from release.model import VERSION_PATTERN, Manifest
from release.openapi import document

_TOLD_LINES = 30

BuildStep = Callable[[str, Path, Mapping[str, str]], tuple[int, str]]
"""Runs a command with sh in a folder with an environment: its exit status, and all that it printed."""


@dataclass(frozen=True)
class Bundle:
    """A bundle on this machine: the archive, and what is known about it."""

    path: Path
    manifest: Manifest
    allowed: tuple[Allowed, ...] = ()
    """What the linter found in migrations and their files allow, told at the build."""


def run_step(command: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a folder's own build step; its output is kept for the error and not shown."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def build(
    folder: Path, version: str, out: Path, step: BuildStep = run_step, cache: Path | None = None
) -> Bundle:
    """Make `OUT/VERSION-DIGEST12.tar.gz` and its manifest beside it (`.json`) from an application's folder.

    The folder itself is only read: a build step named in `release.toml` runs in a copy, with
    RELEASE_VERSION and SOURCE_DATE_EPOCH in its environment. An earlier build of the same version is
    replaced. `cache` is where packages for running migrations are kept, by default the user's own. Raises
    BundleError for whatever in the folder cannot be released; then nothing is left behind.
    """
    if not re.fullmatch(VERSION_PATTERN, version):
        raise BundleError(
            f"{version!r} cannot be a version",
            expected="letters, digits and . _ + - , a letter or digit first, at most 64",
            seen=repr(version),
            state="nothing was built",
            next=f"release build {folder} --version 1.0",
        )
    if not folder.is_dir():
        raise BundleError(
            f"{folder} is no folder",
            expected="the application's folder, with its Procfile",
            seen="a file" if folder.exists() else "nothing of that name",
            state="nothing was built",
            next=f"release build DIR --version {version}",
        )
    folder = folder.resolve()
    options = read_options(folder)
    processes = read_processes(folder, options.processes)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=out) as scratch:
        source = folder
        if options.build:
            source = Path(scratch, "application").resolve()
            copy(folder, source)
            _run_build(options.build.command, version, source, step)
        checked = check(source, folder, options.migrations)
        archive = Path(scratch, "bundle.tar.gz")
        pack(source, archive, carried(checked.listing(), cache))
        manifest = Manifest(
            version=version,
            digest=_digest(archive),
            size=archive.stat().st_size,
            processes=processes,
            health_path=options.health.path,
            port=options.port,
            drain_seconds=options.drain_seconds,
            migrations=of_manifest(checked.revisions),
            allowed=exceptions(checked.revisions, checked.allowed),
            schedules=tuple(each.schedule() for each in options.schedules),
            openapi=document.found(source, options.api.openapi) if options.api else None,
        )
        return replace(_keep(out, archive, manifest), allowed=checked.allowed)


def find(out: Path, version: str) -> Bundle | None:
    """The bundle of this version that was built into `out`, or None."""
    for path in sorted(out.glob("*.json")) if out.is_dir() else ():
        archive = path.with_suffix(".tar.gz")
        if not (_is_build_of(version, path.name) and archive.is_file()):
            continue
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
        except ValidationError:
            continue
        if archive.stat().st_size == manifest.size:
            return Bundle(archive, manifest)
    return None


def _run_build(command: str, version: str, folder: Path, step: BuildStep) -> None:
    environment = os.environ | {
        "RELEASE_VERSION": version,
        "SOURCE_DATE_EPOCH": str(MOMENT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    status, output = step(command, folder, environment)
    if status != 0:
        lines = output.rstrip().splitlines()
        raise BuildFailed(
            f"the build step failed: {command}",
            expected="exit status 0",
            seen="\n".join([f"exit status {status}, and at the end of its output:", *lines[-_TOLD_LINES:]]),
            state="nothing was built, and the folder is as it was",
            next=f"try the command in a copy of the folder: {command}",
        )


def _keep(out: Path, archive: Path, manifest: Manifest) -> Bundle:
    stem = f"{manifest.version}-{manifest.digest[:12]}"
    path = out / f"{stem}.tar.gz"
    archive.replace(path)
    described = archive.with_name("manifest.json")
    described.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    described.replace(out / f"{stem}.json")
    for other in out.iterdir():
        if _is_build_of(manifest.version, other.name) and not other.name.startswith(f"{stem}."):
            other.unlink()
    return Bundle(path, manifest)


def _is_build_of(version: str, name: str) -> bool:
    return re.fullmatch(re.escape(version) + r"-[0-9a-f]{12}\.(json|tar\.gz)", name) is not None


def _digest(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
