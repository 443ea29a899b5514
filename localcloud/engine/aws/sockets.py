"""A folder for the child's socket, named by its process so that the next one can clear what is left."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from localcloud.engine.cachefolder import cache_folder

_PREFIX = "aws-"
_LONGEST = 80  # a Unix socket's path holds 107 bytes, and the child adds `/plugin` and ten digits


def socket_folder(base: Path | None = None) -> Path:
    """An empty private folder for this process; folders of processes that are gone are removed."""
    base = cache_folder() / "run" if base is None else base
    if len(str(base)) + len(_PREFIX) + 8 > _LONGEST:
        base = Path(tempfile.gettempdir(), f"uneventful-{os.getuid()}")
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in base.glob(f"{_PREFIX}*"):
        if not Path("/proc", left.name.removeprefix(_PREFIX)).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = base / f"{_PREFIX}{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def clear(folder: Path) -> None:
    """Remove the folder, and the one that holds it when no other bridge is running."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()
