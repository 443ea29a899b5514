"""Archives whose bytes follow from a folder's content alone: no clock, owner, umask or order of a file
system.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from gzip import GzipFile
from pathlib import Path, PurePosixPath

from release.errors import BundleError

IGNORED = frozenset(
    {
        *(".git", ".hg", ".svn", ".venv", ".uneventful", ".env", ".DS_Store"),
        *("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox"),
    }
)
"""Never packed, wherever they are: histories, caches, one machine's own, and `.env`, since it holds secrets."""

IGNORED_ENDINGS = (".pyc", ".pyo", ".swp")

MOMENT = 315532800
"""Every file's time in an archive: 1980-01-01, the first that all archive formats know."""


@dataclass(frozen=True)
class Carried:
    """What an archive holds beside the folder, none of it under a name that a folder's own entry can have.

    `head` is the beginning of a `.tar.gz` as `write` makes it, copied as it is: compressing megabytes takes longer
    than anything else in a build. `files` are contents by their path.
    """

    head: Path | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)


def entries(folder: Path) -> Iterator[Path]:
    """Everything that is packed, parents first, in the order of the names' bytes."""
    for entry in sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name)):
        if entry.name in IGNORED or entry.name.endswith(IGNORED_ENDINGS):
            continue
        yield entry
        if entry.is_dir() and not entry.is_symlink():
            yield from entries(entry)


def copy(folder: Path, target: Path) -> None:
    """Make `target` a copy of what would be packed of `folder`, links as links. Raises BundleError as
    `pack` does.
    """
    target.mkdir()
    for entry in entries(folder):
        place = target / entry.relative_to(folder)
        if entry.is_symlink():
            place.symlink_to(entry.readlink())
        elif entry.is_dir():
            place.mkdir()
        elif entry.is_file():
            shutil.copy(entry, place)
        else:
            raise _special(entry, folder)


def pack(folder: Path, archive: Path, carried: Carried = Carried()) -> None:
    """Write `archive`, a `.tar.gz` of what is `carried` and of `folder` (an absolute path without links).

    Kept are names, contents, executable bits, empty folders and links that stay inside. Raises BundleError
    for a link that leaves the folder or leads nowhere, and for what is no file, folder or link.
    """
    with archive.open("wb") as raw:
        if carried.head:
            # A gzip file may have several members (RFC 1952, 2.2): unpacked they are one tar stream.
            with carried.head.open("rb") as head:
                shutil.copyfileobj(head, raw)
        with GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as packed:
            write(carried.files, packed)
            _write_folder(folder, packed)


def write(files: Mapping[str, bytes], stream: GzipFile) -> None:
    """Write the tar entries of files and of the folders above them, without the end of an archive: more may follow."""
    tar = tarfile.TarFile(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT)
    folders = {parent.as_posix() for name in files for parent in PurePosixPath(name).parents} - {"."}
    for name in sorted({*folders, *files}):
        info = tarfile.TarInfo(name)
        info.mtime = MOMENT
        if name in folders:
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
        else:
            info.size, info.mode = len(files[name]), 0o644
            tar.addfile(info, io.BytesIO(files[name]))


def _write_folder(folder: Path, stream: GzipFile) -> None:
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries(folder):
            info = tarfile.TarInfo(entry.relative_to(folder).as_posix())
            info.mtime = MOMENT
            if entry.is_symlink():
                info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, _link(entry, folder)
                tar.addfile(info)
            elif entry.is_dir():
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
            elif entry.is_file():
                found = entry.stat()
                info.size, info.mode = found.st_size, 0o755 if found.st_mode & stat.S_IXUSR else 0o644
                with entry.open("rb") as content:
                    tar.addfile(info, content)
            else:
                raise _special(entry, folder)


def _link(entry: Path, folder: Path) -> str:
    target, meant = entry.readlink(), entry.resolve()
    inside = meant.is_relative_to(folder) and not IGNORED.intersection(meant.relative_to(folder).parts)
    if target.is_absolute() or not inside or not meant.exists():
        raise BundleError(
            f"the link {entry.relative_to(folder)} leads to what a bundle does not hold",
            expected="a relative link to something inside the application's folder that is packed too",
            seen=f"{entry.relative_to(folder)} -> {target}"
            + ("" if meant.exists() else ", where nothing is"),
            state="nothing was built",
            next="replace the link by the file that it means",
        )
    return target.as_posix()


def _special(entry: Path, folder: Path) -> BundleError:
    return BundleError(
        f"{entry.relative_to(folder)} is neither a file nor a folder nor a link",
        expected="only these: a bundle is unpacked on another machine",
        seen=f"mode {stat.filemode(entry.lstat().st_mode)}",
        state="nothing was built",
        next=f"rm {entry}",
    )
