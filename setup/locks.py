"""Locks that a killed `pulumi` left on the local stacks. Only those: one whose process lives is somebody at work."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path


def left_over(
    backend: Path, alive: Callable[[int], bool] | None = None, host: str | None = None
) -> list[Path]:
    """The lock files below `backend` whose process, on this machine, is gone."""
    alive = alive or is_alive
    host = host or socket.gethostname()
    found = []
    for path in sorted((backend / ".pulumi" / "locks").rglob("*.json")):
        try:
            lock = json.loads(path.read_text())
            if lock["hostname"] == host and not alive(int(lock["pid"])):
                found.append(path)
        except (OSError, ValueError, KeyError, TypeError):
            # Gone meanwhile, or nothing of Pulumi's.
            continue
    return found


def is_alive(pid: int) -> bool:
    """Whether there is such a process and it is a `pulumi` (the number may have gone to another one)."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith("pulumi")  # noqa: PTH115, PTH119
    except PermissionError:
        return True
    except OSError:
        return False
