"""moto with the local cloud's corrections, its databases and caches (without servers), in a process of its own:
`python -m` prints its address and serves.

It ends with its standard input, so it never outlives the tests. Moto in the tests' own process would keep the
corrections for every other test there.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.local.controlplane.fakes import FakeStores

STEP = 0.2
"""Seconds between two looks at the stores, as the daemon's ticks."""
ROOT = Path(__file__).parents[4]


@contextmanager
def cloud() -> Iterator[str]:
    """The endpoint of a running moto."""
    environ = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.local.engine.aws.cloud_process"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        endpoint = process.stdout.readline().strip()
        assert endpoint, f"moto ended with {process.wait()} before it said where it listens"
        yield endpoint
    finally:
        process.stdin.close()
        process.wait(10)


class ReadyStores(FakeStores):
    """Servers that answer at once."""

    def create(self, spec: Any) -> None:
        self.states[spec.identifier] = "available"


class Addresses:
    """Names for addresses: nothing listens on them here."""

    def __init__(self) -> None:
        self._taken = 0

    def take(self, _name: str) -> str:
        self._taken += 1
        return f"127.9.{self._taken // 256}.{self._taken % 256}"

    def release(self, _address: str) -> None:
        pass


def unlocked(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def quietly(_line: str) -> None:
    pass


def main() -> None:
    from moto.server import ThreadedMotoServer

    from localcloud.controlplane.caches import CacheGroups
    from localcloud.controlplane.corrections import corrections
    from localcloud.controlplane.databases import DatabaseInstances
    from localcloud.controlplane.hooks import Hooks
    from localcloud.controlplane.managed_secrets import managed_secrets

    pool = Addresses()
    databases = DatabaseInstances(ReadyStores(), pool, quietly)
    caches = CacheGroups(ReadyStores(), pool, quietly)
    Hooks().install(*corrections(), *databases.hooks(unlocked), *caches.hooks(unlocked), *managed_secrets())
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    while not select.select([sys.stdin], [], [], STEP)[0]:
        databases.step()
        caches.step()
    os._exit(0)


if __name__ == "__main__":
    main()
