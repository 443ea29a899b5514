"""One socket unit of an instance: it listens, whatever becomes of the service that accepts."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence

from localcloud.instances.host import Done
from localcloud.instances.unit import Unit

BACKLOG = 4096
"""Connections that wait to be accepted, systemd's default: as many as the kernel takes."""

_HANDED = """\
import os, sys
given = int(sys.argv[1])
os.dup2(given, 3)
if given != 3:
    os.close(given)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Listener:
    """States as `systemctl is-active` names them: inactive, active, failed. Nothing here waits."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.state = "inactive"
        self._socket: socket.socket | None = None

    @property
    def descriptor(self) -> int:
        """What listens, while it does; else -1."""
        return self._socket.fileno() if self._socket else -1

    def start(self, done: Done) -> None:
        """Listen, unless it does already."""
        if self._socket:
            return done("")
        address, _, port = self.unit.listen.rpartition(":")
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((address, int(port)))
            listening.listen(BACKLOG)
        except OSError as error:
            listening.close()
            self.state = "failed"
            return done(f"{self.unit.name}: {self.unit.listen}: {error.strerror or error}")
        self._socket, self.state = listening, "active"
        return done("")

    def stop(self, done: Done) -> None:
        """Whoever waits is turned away, unless the service still accepts."""
        if self._socket:
            self._socket.close()
        self._socket, self.state = None, "inactive"
        done("")

    def forget_failures(self) -> None:
        if self.state == "failed":
            self.state = "inactive"

    def properties(self) -> dict[str, str]:
        """What `systemctl show` knows of it here, by systemd's names."""
        return {"ActiveState": self.state, "Listen": f"{self.unit.listen} (Stream)"}


def handed(words: Sequence[str], descriptor: int) -> list[str]:
    """The command line that runs `words` with the descriptor as its third, as sd_listen_fds(3) has it."""
    return [sys.executable, "-I", "-S", "-c", _HANDED, str(descriptor), *words]
