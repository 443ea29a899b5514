"""What the services of an instance print, and what their supervisor did to them: a file a unit."""

from __future__ import annotations

import os
import time
from pathlib import Path


class Journal:
    """Files `<folder>/<unit>.log`, only ever appended to. Lines of the supervisor begin with the time in UTC
    and `systemd:`; all other lines are the service's own, written by it directly."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, unit: str) -> Path:
        return self.folder / f"{unit}.log"

    def open(self, unit: str) -> int:
        """A descriptor for the standard output and error of a process of the unit."""
        return os.open(self.path(unit), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, unit: str, text: str) -> None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        descriptor = self.open(unit)
        try:
            os.write(descriptor, f"{stamp} systemd: {text}\n".encode())
        finally:
            os.close(descriptor)

    def last_words(self, unit: str, lines: int = 10) -> str:
        """The end of what the unit itself printed; empty when there is none."""
        return last_words(self.path(unit), lines)


def last_words(path: Path, lines: int = 10) -> str:
    """The end of a log without the supervisor's own lines; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 16384))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    own = [line for line in text.splitlines() if line[20:30] != " systemd: "]
    return "\n".join(own[-lines:])
