"""The processes of one start of a service: what a control group is where there is one."""

from __future__ import annotations

import os
import signal
import uuid

from localcloud.instances.host import Host

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class ControlGroup:
    """`main` and `control` are the pids of the service's own process and of a command beside it, 0 for none.

    `invocation` is the mark that all of them carry, wherever they have forked to; empty while nothing was started.
    """

    def __init__(self, host: Host) -> None:
        self.main = self.control = 0
        self.invocation = ""
        self._host = host

    def begin(self) -> None:
        """Another start: what is started from now on is what counts."""
        self.invocation = uuid.uuid4().hex

    def pids(self) -> tuple[int, ...]:
        return tuple(pid for pid in (self.main, self.control) if pid)

    def members(self) -> tuple[int, ...]:
        """Every live process."""
        found = self._host.members(self.invocation) if self.invocation else ()
        return tuple({*found, *self.pids()})

    def signal(self, pids: tuple[int, ...], number: signal.Signals) -> None:
        for pid in pids:
            self._host.send(pid, number)
            self._host.send(pid, signal.SIGCONT)

    def kill(self, pids: tuple[int, ...]) -> None:
        for pid in pids:
            self._host.send(pid, signal.SIGKILL)

    def memory(self) -> int:
        """Bytes; what processes share counts once for all of them."""
        total = 0
        for pid in self.members():
            try:
                with open(f"/proc/{pid}/smaps_rollup", "rb") as file:  # noqa: PTH123
                    total += next(int(line.split()[1]) << 10 for line in file if line.startswith(b"Pss:"))
            except (OSError, StopIteration):
                continue
        return total

    def cpu_ns(self) -> int:
        """Nanoseconds of processor time of those that live, and of their children that ended."""
        total = 0
        for pid in self.members():
            try:
                with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
                    total += sum(map(int, file.read().rpartition(b")")[2].split()[11:15]))
            except OSError:
                continue
        return total * _TICK_NS
