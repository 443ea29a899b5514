"""Which process is which: a pid alone may be another's by now, a pid with its start time never is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARKER_VARIABLE = "UNEVENTFUL_CLOUD"


@dataclass(frozen=True)
class ProcessId:
    """`started` is in the kernel's clock ticks since boot (field 22 of /proc/PID/stat)."""

    pid: int
    started: int

    def alive(self) -> bool:
        """Whether this very process is there and not a zombie."""
        return start_time(self.pid) == self.started


def start_time(pid: int) -> int | None:
    """The start time of a process in clock ticks since boot; None when it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command's name, in brackets, may hold blanks and brackets itself.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def identify(pid: int) -> ProcessId | None:
    started = start_time(pid)
    return None if started is None else ProcessId(pid, started)


def marked_processes(marker: str) -> Iterator[ProcessId]:
    """Every process of this user (all users for root) that was started with UNEVENTFUL_CLOUD=`marker`
    exactly."""
    wanted = f"{MARKER_VARIABLE}={marker}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        found = identify(int(entry.name))
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if found is not None and wanted in environment.split(b"\0") and found.alive():
            yield found
