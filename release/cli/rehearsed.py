"""A rehearsal beside a preview: the bundles themselves, by a process that has none of our credentials."""

from __future__ import annotations

import os
import signal
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from release.bundle import find
from release.cli.child import RELEASE
from release.errors import StoreError, ToolMissing, page
from release.preview.preview import Rehearsal

if TYPE_CHECKING:
    from release.model import Manifest
    from release.store import S3BundleStore

PATIENCE = 300.0
"""Seconds: a rehearsal on an empty database that takes longer waits for something."""

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "USER", "LOGNAME", "PYTHONPATH", "LD_LIBRARY_PATH")
"""What the application's own code may know of this process: no credential is among it."""

_ENDING = 10.0


def rehearsed(wanted: Manifest, former: Manifest | None, folder: Path, store: S3BundleStore) -> Rehearsal:
    """Try the migrations of the `wanted` bundle on a scratch database, and the `former` one's code after them.

    The archives are taken from `folder`, else fetched from the `store`.
    """
    how = f"release rehearse DIR{f' --before {former.version}' if former else ''}"
    with tempfile.TemporaryDirectory(prefix="uneventful-") as scratch:
        place = Path(scratch)
        try:
            new = _unpacked(wanted, folder, store, place)
            old = _unpacked(former, folder, store, place) if former else ""
        except (StoreError, tarfile.TarError, OSError) as error:
            return Rehearsal(
                passed=None, told=f"the bundle cannot be had: {error}".partition("\n")[0], next=how
            )
        status, out, error_text = _run([new, *(["--before", old] if old else [])], place)
    if status is None:
        return Rehearsal(passed=False, told=f"{out}\nit was ended after {PATIENCE:.0f} s", next=how)
    if status and page(ToolMissing.runbook) in error_text:
        why = error_text.removeprefix("error: ").partition("\n")[0]
        return Rehearsal(passed=None, told=why, next=how)
    told = f"{out}\n{error_text}".strip() if status else out.strip()
    return Rehearsal(passed=not status, told=told, next=how if status else "")


def _unpacked(manifest: Manifest, folder: Path, store: S3BundleStore, place: Path) -> str:
    """The name of a folder in `place` with the bundle's files, which a rehearsal calls it by."""
    built = find(folder, manifest.version)
    path = built.path if built and built.manifest.digest == manifest.digest else None
    if path is None:
        path = place / f"{manifest.digest}.tar.gz"
        store.fetch(manifest, path)
    name = f"version-{manifest.version}"
    with tarfile.open(path) as archive:
        archive.extractall(place / name, filter="data")
    return name


def _run(arguments: list[str], place: Path) -> tuple[int | None, str, str]:
    """The exit status (None where it was ended), and both outputs."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
    process = subprocess.Popen(
        [*RELEASE, "rehearse", *arguments],
        cwd=place,
        env=kept,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        out, error = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        out, error = _end(process)
        return None, out, error
    except BaseException:
        _end(process)
        raise
    return process.returncode, out, error


def _end(process: subprocess.Popen[str]) -> tuple[str, str]:
    """With all that it started: an interrupt lets it stop its database and remove it."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        return process.communicate(timeout=_ENDING)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()
