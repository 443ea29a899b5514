"""How much of this computer's processors the processes of each part use, from /proc."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """`ticks` of processor time since its start; `started` tells it from another of the same pid."""

    parent: int
    ticks: int
    started: int


Processes = Mapping[int, Process]


def processes(folder: Path = Path("/proc")) -> Processes:
    """Every process that there is (fields 4, 14, 15 and 22 of `/proc/PID/stat`)."""
    found = {}
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.isdigit()]
    for name in names:
        try:
            stat = (folder / name / "stat").read_bytes()
        except OSError:
            continue
        # The command's name, in brackets, may hold blanks and brackets itself.
        words = stat.rpartition(b")")[2].split()
        found[int(name)] = Process(int(words[1]), int(words[11]) + int(words[12]), int(words[19]))
    return found


def families(seen: Processes, roots: Mapping[str, Iterable[int]]) -> dict[str, list[int]]:
    """The processes of each part: those named and all that descend from them."""
    children: dict[int, list[int]] = {}
    for pid, process in seen.items():
        children.setdefault(process.parent, []).append(pid)
    found: dict[str, list[int]] = {}
    for name, named in roots.items():
        family: dict[int, None] = {}
        waiting = list(named)
        while waiting:
            pid = waiting.pop()
            if pid in seen and pid not in family:
                family[pid] = None
                waiting += children.get(pid, ())
        found[name] = list(family)
    return found


class Usage:
    """Processor time between two looks. What a process used that was not there at either look is not seen."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._before: Processes = {}
        self._at: float | None = None
        self.processors: dict[str, float] = {}

    def look(self, seen: Processes, roots: Mapping[str, Iterable[int]]) -> dict[str, list[int]]:
        """Count each part's use since the last look into `processors` (1.0 is one whole processor); a first look
        counts nothing. Returns the processes of each part."""
        now, found = self._clock(), families(seen, roots)
        passed = 0.0 if self._at is None else now - self._at
        self.processors = {}
        if passed > 0:
            for name, family in found.items():
                ticks = sum(self._since(pid, seen[pid]) for pid in family)
                self.processors[name] = ticks / TICKS / passed
        self._before, self._at = seen, now
        return found

    def _since(self, pid: int, process: Process) -> int:
        before = self._before.get(pid)
        return process.ticks - (before.ticks if before and before.started == process.started else 0)
