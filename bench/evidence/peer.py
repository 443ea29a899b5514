"""What the ways of today have in common: a folder of their own, versions unpacked from bundles, a proxy in front."""

from __future__ import annotations

import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.evidence.application import Web, answering, free_ports, started, stopped, unpacked
from bench.evidence.contender import CannotMeasure, Deed

PROVEN = 20
"""Answers in a row on fresh connections by which the ways of today know that they serve the new version."""
SWITCH_SECONDS = 30.0
GRACE = 30
"""Seconds that a proxy's old processes get for the requests that they have."""


class Peer(ABC):
    """One way of today. `bundle` gives the bundle of a look of the example."""

    name = ""
    how = ""

    def __init__(self, folder: Path, web: int, bundle: Callable[[str], Path]) -> None:
        self._folder = folder
        self._web = web
        self._bundle = bundle
        self._folders: dict[str, Path] = {}
        self.port = 0
        self._running = ExitStack()
        """What has been started, with the way to end it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def open(self) -> str:
        self._folder.mkdir(parents=True)
        (self.port,) = free_ports(1)
        self._open(self.prepare("1"))
        return self.url

    def prepare(self, look: str) -> str:
        label = f"{look}.{len(self._folders)}"
        self._folders[label] = unpacked(self._bundle(look), self._folder / f"version-{look}")
        return label

    def live(self) -> str:
        return answering(f"{self.url}healthz")

    def release(self, label: str) -> Deed:
        return self._timed(lambda: self._release(label))

    def back(self) -> Deed:
        return self._timed(self._back)

    @abstractmethod
    def _open(self, label: str) -> None: ...

    @abstractmethod
    def _release(self, label: str) -> bool: ...

    @abstractmethod
    def _back(self) -> bool: ...

    def close(self) -> None:
        self._running.close()

    def _start(self, label: str, ports: Sequence[int]) -> tuple[Web, ...]:
        return started(self._folders[label], label, ports, self._folder / "application.log")

    def _served(self, label: str) -> bool:
        """Wait until the proxy has answers by this version alone."""
        limit, row = time.monotonic() + SWITCH_SECONDS, 0
        while row < PROVEN and time.monotonic() < limit:
            row = row + 1 if self.live() == label else 0
        return row >= PROVEN

    def _timed(self, do: Callable[[], bool]) -> Deed:
        began = time.time()
        good = do()
        return Deed(0 if good else 1, began, time.time())


class BlueGreen(Peer):
    """The new version is started beside the old one and asked for its health, then the proxy is switched; the old one
    stays, so that the way back is a switch as well."""

    _fleets: dict[str, tuple[Web, ...]]
    _order: list[str]

    def _open(self, label: str) -> None:
        self._fleets, self._order = {}, [label]
        self._running.callback(lambda: stopped([web for fleet in self._fleets.values() for web in fleet]))
        self._fleets[label] = self._start(label, free_ports(self._web))
        if not all(web.healthy() for web in self._fleets[label]):
            raise CannotMeasure(f"{self.name}: the application does not start; see {self._folder}")
        self._running.callback(self._begin([web.port for web in self._fleets[label]]))
        if not self._served(label):
            raise CannotMeasure(f"{self.name}: the proxy does not serve; see {self._folder}")

    def _release(self, label: str) -> bool:
        fleet = self._start(label, free_ports(self._web))
        if not all(web.healthy() for web in fleet):
            stopped(fleet)
            return False
        self._fleets[label] = fleet
        self._order.append(label)
        good = self._to(label)
        for old in self._order[:-2]:
            stopped(self._fleets.pop(old))
        self._order = self._order[-2:]
        return good

    def _back(self) -> bool:
        self._order.reverse()
        return self._to(self._order[-1])

    def _to(self, label: str) -> bool:
        self._switch([web.port for web in self._fleets[label]])
        return self._served(label)

    @abstractmethod
    def _begin(self, ports: Sequence[int]) -> Callable[[], None]:
        """Start the proxy; what ends it."""

    @abstractmethod
    def _switch(self, ports: Sequence[int]) -> None: ...


def ended(process: subprocess.Popen[bytes]) -> None:
    """Told to stop, waited for, killed where that takes too long."""
    process.terminate()
    try:
        process.wait(GRACE + 5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
