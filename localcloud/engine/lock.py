"""One process at a time, over the whole machine, for what checkouts share in the cache folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

INTERVAL = 0.25


@contextlib.contextmanager
def hold(
    path: Path,
    waiting: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Holds the lock file `path`; `waiting` is told who has it for as long as somebody else does.

    The kernel lets go of it when its holder ends, however it ends, so nothing needs cleaning up.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _try(descriptor):
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            waiting(f"waiting for process {holder or '?'}, which holds {path}")
            sleep(INTERVAL)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
