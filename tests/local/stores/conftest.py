"""Real servers in a folder of the test's own, made once for all of a module's tests."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from localcloud.addresses import AddressPool
from localcloud.parts import DatabaseSpec
from localcloud.processes import MARKER_VARIABLE, marked_processes
from localcloud.stores.authority import Authority
from localcloud.stores.local import LocalDatabases
from localcloud.stores.place import Place, find_place


@dataclass
class Site:
    """A place for stores; `marker` is what every process of it carries."""

    place: Place
    authority: Authority
    pool: AddressPool
    marker: str
    log: list[str]

    def databases(self) -> LocalDatabases:
        return LocalDatabases(lambda: self.place, self.authority, self.log.append)

    def connect(self, spec: DatabaseSpec, **options: Any) -> psycopg.Connection:
        """As an application connects to RDS: its certificate and its name are verified."""
        return psycopg.connect(
            **{
                "host": spec.address,
                "port": spec.port,
                "user": spec.master,
                "password": spec.password,
                "dbname": spec.name,
                "sslmode": "verify-full",
                "sslrootcert": str(self.authority.ca_path),
                "autocommit": True,
                **options,
            }
        )

    def processes(self) -> list[int]:
        return [process.pid for process in marked_processes(self.marker)]


def until(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `what` returns when it is true; an error of a server that is not there counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := what():
                return found
        except (psycopg.OperationalError, OSError) as refused:
            found = refused
        assert time.monotonic() < deadline, f"not within {seconds} s: {found}"
        time.sleep(0.02)


def available(stores: Any, identifier: str) -> None:
    def is_so() -> bool:
        status = stores.status(identifier)
        assert status.state != "failed", status.detail
        return bool(status.state == "available")

    until(is_so)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("cloud")
    place = find_place(folder / "stores", key=folder.name + folder.parent.name)
    pool = AddressPool(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARKER_VARIABLE, str(folder))
        yield Site(place, Authority(folder / "authority"), pool, str(folder), [])
    pool.close()
    shutil.rmtree(place.root)
