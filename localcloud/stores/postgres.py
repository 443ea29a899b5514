"""One PostgreSQL server for one RDS instance."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from localcloud.engine.places import write
from localcloud.parts import DatabaseSpec
from localcloud.stores import cluster
from localcloud.stores.authority import Authority
from localcloud.stores.guard import Guard
from localcloud.stores.kept import Kept, Program
from localcloud.stores.place import Place, programs
from localcloud.stores.ready import await_answer
from localcloud.stores.roles import prepare, set_password

FORCE_TLS = "rds.force_ssl"
SOCKET_PORT = 5432
"""Part of the socket's name; the endpoint's port is the front's."""

NO_TLS = {"sslmode": "disable", "sslrootcert": ""}


class PostgresServer:
    """Of the parameter group's `rds.force_ssl`: 1 where nobody said otherwise, as on RDS from version 15 on."""

    def __init__(
        self,
        spec: DatabaseSpec,
        place: Callable[[], Place],
        authority: Authority,
        on_log: Callable[[str], None],
    ) -> None:
        self.spec = spec
        self._find = place
        self._authority = authority
        self._log = on_log
        self._server: Kept | None = None
        self._guard: Guard | None = None

    @property
    def data(self) -> Path:
        return self._folder / "data"

    @property
    def _place(self) -> Place:
        return self._find()

    @property
    def _folder(self) -> Path:
        return self._place.root / "databases" / self.spec.identifier

    @property
    def pids(self) -> tuple[int, ...]:
        held = (part.pid for part in (self._server, self._guard) if part is not None)
        return tuple(pid for pid in held if pid is not None)

    def erase(self) -> None:
        """Remove what is kept of it."""
        if self._server is not None:
            # What will not be read again need not be written: PostgreSQL's immediate shutdown.
            self._server.close(ending=signal.SIGQUIT)
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def start(self) -> None:
        """Start it, made first where it is not; returns when it answers at its endpoint.

        Raises `PartFailed`, `PortTaken`.
        """
        self._place.folder("databases", self.spec.identifier)
        self._place.folder("sockets", self._sockets.name)
        binaries = programs(cluster.INSTALLED, self._place)
        if not self.data.exists():
            write(self._folder / "admin", secrets.token_urlsafe(), 0o600)
            cluster.make(self.data, binaries, self._place, self._admin_password())
        self._configure()
        self._server = Kept(self._program(binaries), self._log)
        self._server.start()
        await_answer(
            lambda: self._refused(str(self._sockets), SOCKET_PORT),
            f"database {self.spec.identifier}",
            self._server.last_words,
        )
        with self._admin() as connection:
            made = self._folder / "made"
            if not made.exists():
                prepare(connection, self.spec)
                made.touch()
            set_password(connection, self.spec.master, self.spec.password)
        self._listen()

    def _listen(self) -> None:
        self._guard = Guard(
            self._folder,
            self.spec.address,
            self.spec.port,
            self._sockets / f".s.PGSQL.{SOCKET_PORT}",
            "postgresql",
            self._authority,
            self._log,
        )
        self._guard.start(tls_only=self._tls_only())
        trusted = {"sslmode": "verify-full", "sslrootcert": str(self._authority.ca_path)}
        await_answer(
            lambda: self._refused(self.spec.address, self.spec.port, trusted),
            f"database {self.spec.identifier}",
            self._guard.last_words,
        )

    def change(self, spec: DatabaseSpec) -> None:
        """Have another password or other parameters; those that PostgreSQL takes at its start only wait for one."""
        former, self.spec = self.spec, spec
        if self._server is None or self._guard is None:
            return
        if spec.password != former.password:
            with self._admin() as connection:
                set_password(connection, spec.master, spec.password)
        if spec.parameters != former.parameters:
            self._configure()
            self._server.send(signal.SIGHUP)
            self._guard.change(tls_only=self._tls_only())

    def stop(self) -> None:
        """End it in good order: sessions are ended, what was committed is on disk."""
        if self._guard is not None:
            self._guard.close()
        if self._server is not None:
            self._server.close()
        self._guard = self._server = None

    def _program(self, binaries: Path) -> Program:
        return Program(
            name=f"database {self.spec.identifier}",
            command=(
                str(binaries / "postgres"),
                *("-D", str(self.data)),
                *("-c", "listen_addresses="),
                *("-c", f"unix_socket_directories={self._sockets}"),
                *("-c", f"port={SOCKET_PORT}"),
            ),
            folder=self._folder,
            log=self._folder / "server.log",
            # PostgreSQL's fast shutdown; its own crash recovery is for those who are not asked.
            ending=signal.SIGINT,
            account=self._place.account,
        )

    def _configure(self) -> None:
        wanted = cluster.settings(self.spec.parameters, cluster.known_parameters())
        if wanted.left_out:
            self._log(
                f"database {self.spec.identifier}: not done here, of its parameters: {', '.join(wanted.left_out)}"
            )
        path = self.data / "postgresql.conf"
        path.write_text(wanted.text)
        self._place.own(path)

    def _tls_only(self) -> bool:
        return self.spec.parameters.get(FORCE_TLS, "1") != "0"

    @property
    def _sockets(self) -> Path:
        short = hashlib.sha256(f"database {self.spec.identifier}".encode()).hexdigest()[:8]
        return self._place.root / "sockets" / short

    def _admin_password(self) -> str:
        return (self._folder / "admin").read_text()

    def _admin(
        self, host: str = "", port: int = SOCKET_PORT, tls: Mapping[str, str] = NO_TLS
    ) -> psycopg.Connection:
        return psycopg.connect(
            host=host or str(self._sockets),
            port=port,
            user=cluster.ADMIN,
            password=self._admin_password(),
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
            sslmode=tls["sslmode"],
            sslrootcert=tls["sslrootcert"],
        )

    def _refused(self, host: str, port: int, tls: Mapping[str, str] = NO_TLS) -> str:
        """Why the superuser cannot connect there, empty when it can."""
        try:
            self._admin(host, port, tls).close()
        except psycopg.OperationalError as refused:
            return str(refused)
        return ""
