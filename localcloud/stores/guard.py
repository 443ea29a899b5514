"""An endpoint: the front process on the address and port that AWS's API gives, before a server's unix socket."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import localcloud
from localcloud.addresses import cannot_listen
from localcloud.errors import PortTaken
from localcloud.stores.authority import Authority
from localcloud.stores.front import FrontConfiguration, Mode
from localcloud.stores.kept import Kept, Program

SOURCES = Path(localcloud.__file__).parent.parent


class Guard:
    """Begins to listen when constructed. Raises `PortTaken`."""

    def __init__(
        self,
        folder: Path,
        address: str,
        port: int,
        socket: Path,
        mode: Mode,
        authority: Authority,
        on_log: Callable[[str], None],
    ) -> None:
        seen = cannot_listen(address, port)
        if seen:
            raise PortTaken(address, port, seen)
        certificate, key = authority.certificate(address)
        self._path = folder / "front.json"
        self._configuration = FrontConfiguration(address, port, str(socket), mode, str(certificate), str(key))
        self._write()
        program = Program(
            name=f"the front of {address}:{port}",
            command=(sys.executable, "-S", "-m", "localcloud.stores.front", str(self._path)),
            folder=folder,
            log=folder / "front.log",
            environment={"PYTHONPATH": str(SOURCES)},
        )
        self._kept = Kept(program, on_log)

    def start(self, *, tls_only: bool = True) -> None:
        self._configuration = replace(self._configuration, tls_only=tls_only)
        self._write()
        self._kept.start()

    def change(self, *, tls_only: bool) -> None:
        """Refuse connections in clear text, or do not, from now on."""
        if tls_only != self._configuration.tls_only:
            self._configuration = replace(self._configuration, tls_only=tls_only)
            self._write()
            self._kept.send(signal.SIGHUP)

    def _write(self) -> None:
        self._path.write_text(self._configuration.text())

    @property
    def pid(self) -> int | None:
        return self._kept.pid

    def last_words(self) -> str:
        return self._kept.last_words()

    def close(self) -> None:
        self._kept.close()
