"""The stores of one kind, each with a thread of its own that does what is asked of it in the order of the asking."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, Protocol, TypeVar

from localcloud.errors import CloudError
from localcloud.parts import CacheSpec, DatabaseSpec, StoreState, StoreStatus
from localcloud.stores import cluster
from localcloud.stores.authority import Authority
from localcloud.stores.place import Place
from localcloud.stores.postgres import PostgresServer
from localcloud.stores.valkey import ValkeyServer

Spec = TypeVar("Spec", DatabaseSpec, CacheSpec)


class Server(Protocol[Spec]):
    """One server; every method returns when it is done, and raises `CloudError` where it cannot be."""

    spec: Spec

    @property
    def pids(self) -> tuple[int, ...]: ...
    def erase(self) -> None: ...
    def start(self) -> None: ...
    def change(self, spec: Spec) -> None: ...
    def stop(self) -> None: ...


@dataclass
class _Line(Generic[Spec]):
    server: Server[Spec]
    thread: ThreadPoolExecutor
    state: StoreState = "starting"
    detail: str = ""
    left: int = field(default=0)
    """How many things are still to be done."""


class LocalStores(Generic[Spec]):
    """See `localcloud.parts.Stores`."""

    def __init__(self, make: Callable[[Spec], Server[Spec]], on_log: Callable[[str], None]) -> None:
        self._make: Callable[[Spec], Server[Spec]] = make
        self._log = on_log
        self._lock = Lock()
        self._lines: dict[str, _Line[Spec]] = {}

    def create(self, spec: Spec) -> None:
        def work(server: Server[Spec]) -> StoreState:
            server.erase()
            server.spec = spec
            server.start()
            return "available"

        self._do(spec.identifier, work, "starting", spec)

    def open(self, spec: Spec) -> None:
        def work(server: Server[Spec]) -> StoreState:
            server.stop()
            server.spec = spec
            server.start()
            return "available"

        self._do(spec.identifier, work, "starting", spec)

    def change(self, spec: Spec) -> None:
        def work(server: Server[Spec]) -> StoreState:
            server.change(spec)
            return "available" if server.pids else "stopped"

        self._do(spec.identifier, work)

    def restart(self, identifier: str) -> None:
        def work(server: Server[Spec]) -> StoreState:
            server.stop()
            server.start()
            return "available"

        self._do(identifier, work, "starting")

    def stop(self, identifier: str) -> None:
        def work(server: Server[Spec]) -> StoreState:
            server.stop()
            return "stopped"

        self._do(identifier, work)

    def delete(self, identifier: str) -> None:
        def work(server: Server[Spec]) -> StoreState:
            server.erase()
            return "gone"

        self._do(identifier, work)

    def status(self, identifier: str) -> StoreStatus:
        line = self._lines.get(identifier)
        return StoreStatus("gone") if line is None else StoreStatus(line.state, line.server.pids, line.detail)

    def close(self) -> None:
        with self._lock:
            lines, self._lines = list(self._lines.values()), {}
        ends = [line.thread.submit(line.server.stop) for line in lines]
        for end in ends:
            end.result()
        for line in lines:
            line.thread.shutdown()

    def _do(
        self,
        identifier: str,
        work: Callable[[Server[Spec]], StoreState],
        meanwhile: StoreState | None = None,
        spec: Spec | None = None,
    ) -> None:
        with self._lock:
            line = self._lines.get(identifier)
            if line is None:
                if spec is None:
                    return
                line = self._lines[identifier] = _Line(
                    self._make(spec), ThreadPoolExecutor(1, thread_name_prefix=identifier)
                )
            line.left += 1
            if meanwhile is not None:
                line.state = meanwhile
            line.thread.submit(self._finish, identifier, line, work)

    def _finish(self, identifier: str, line: _Line[Spec], work: Callable[[Server[Spec]], StoreState]) -> None:
        detail = ""
        try:
            state = work(line.server)
        except Exception as failed:
            state, detail = "failed", str(failed)
            self._log(f"{identifier} failed: {failed if isinstance(failed, CloudError) else repr(failed)}")
            line.server.stop()
        with self._lock:
            line.left -= 1
            if line.left:
                # What comes next decides what it is.
                return
            line.state, line.detail = state, detail
            if state == "gone" and self._lines.get(identifier) is line:
                del self._lines[identifier]
                line.thread.shutdown(wait=False)


class LocalDatabases(LocalStores[DatabaseSpec]):
    """See `localcloud.parts.Databases`."""

    def __init__(
        self, place: Callable[[], Place], authority: Authority, on_log: Callable[[str], None]
    ) -> None:
        super().__init__(lambda spec: PostgresServer(spec, place, authority, on_log), on_log)

    @property
    def version(self) -> str:
        return cluster.version()


class LocalCaches(LocalStores[CacheSpec]):
    """See `localcloud.parts.Caches`."""

    def __init__(
        self, place: Callable[[], Place], authority: Authority, on_log: Callable[[str], None]
    ) -> None:
        super().__init__(lambda spec: ValkeyServer(spec, place, authority, on_log), on_log)
