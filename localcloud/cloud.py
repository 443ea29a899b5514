"""The local cloud as the daemon holds it: AWS's API, instances, load balancers, faults; and what it says of itself."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

from localcloud.addresses import AddressPool
from localcloud.balancer.envoy import EnvoyBalancer
from localcloud.checkout import Checkout
from localcloud.controlplane.plane import ControlPlane
from localcloud.controlplane.report import report
from localcloud.controlplane.server import ADDRESS, ApiServer
from localcloud.errors import NotUsable, PortTaken, UnknownFault
from localcloud.faults import FaultBoard, Faults, clear_fault, set_fault
from localcloud.instances.local import LocalInstances
from localcloud.kept import KeptFile, Label
from localcloud.location import Location
from localcloud.record import credentials
from localcloud.saving import Rhythm
from localcloud.stores.authority import Authority
from localcloud.stores.local import LocalCaches, LocalDatabases
from localcloud.stores.place import Finder

TICK_SECONDS = 0.2
METRICS_SECONDS = 1.0
LOOK_SECONDS = 5.0
FIRST_PORT, PORTS = 10_000, 20_000
"""The API's port is the checkout's own, below those that Linux gives to clients."""


class Cloud:
    """Everything runs when constructed; `run` keeps it going, `close` ends all of it."""

    def __init__(
        self,
        checkout: Checkout,
        location: Location,
        former: Label | None,
        on_log: Callable[[str], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        """`former` labels what an earlier cloud kept, which this one goes on with; None starts empty.

        Raises `AddressesUsedUp` or `PortTaken` where it cannot be at the addresses of before, `NotUsable` where what is
        kept cannot be read after all.
        """
        self._location = location
        self._events = 0
        self._trouble = on_trouble

        def log(line: str) -> None:
            # What is worth a line is worth saving.
            self._events += 1
            on_log(line)

        self._kept = KeptFile(checkout.kept)
        self._rhythm = Rhythm()
        self._stop = Event()
        self._wake = Event()
        self._started = time.monotonic()
        self.board = FaultBoard(log)
        shutil.rmtree(checkout.balancer, ignore_errors=True)
        self.pool = AddressPool(checkout.state, former.prefix if former else "")
        self.authority = Authority(checkout.authority)
        kept = former.instances if former else ()
        self.instances = LocalInstances(checkout.instances, checkout.marker, self.authority.ca_path, kept)
        self.balancer = EnvoyBalancer(checkout.balancer, on_log=log)
        place = Finder(checkout.stores, checkout.key)
        self.databases = LocalDatabases(place, self.authority, log)
        self.caches = LocalCaches(place, self.authority, log)
        self.plane = ControlPlane(
            self.instances,
            self.balancer,
            self.databases,
            self.caches,
            self.pool,
            self.board,
            location,
            lambda: credentials(self.api.endpoint, location.region),
            log,
        )
        port = FIRST_PORT + int(checkout.key[:8], 16) % PORTS
        if former:
            port = int(former.endpoint.rpartition(":")[2])
        self.api = ApiServer(self.board, self.plane, location.region, port)
        if former and self.api.endpoint != former.endpoint:
            # It is in queues' addresses, which instances and stacks have by now.
            raise PortTaken(ADDRESS, port)
        self.api.warm()
        if former:
            try:
                self.plane.go_on(self._kept.state(), self._kept.body)
            except NotUsable:
                self.api.close()
                self._end()
                raise
        self.plane.sync()
        if former:
            # From now on it counts as killed until it is stopped.
            self._save(ended=False)
        self.instances.on_exit(lambda _instance: self._wake.set())
        self.api.start()

    @property
    def endpoint(self) -> str:
        return self.api.endpoint

    def run(self) -> None:
        """Let time pass until `stop`: drains, lost machines, delays, metrics, alarms."""
        metrics_at = look_at = time.monotonic()
        while not self._stop.is_set():
            self._wake.wait(TICK_SECONDS)
            self._wake.clear()
            try:
                self.plane.tick()
                if time.monotonic() >= metrics_at:
                    metrics_at = time.monotonic() + METRICS_SECONDS
                    self.plane.record_metrics()
                if time.monotonic() >= look_at:
                    look_at = time.monotonic() + LOOK_SECONDS
                    self.plane.look()
                if self._rhythm.due((self.api.changes, self._events)):
                    self._save(ended=False)
            except Exception as unexpected:
                self._trouble(f"{type(unexpected).__name__}: {unexpected}")

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def close(self) -> None:
        """End the instances with their time to finish, then the API, which they talk to until then; save what it held;
        then end load balancers, databases, caches."""
        self.plane.rest()
        self.instances.close()
        self.api.close()
        try:
            self._save(ended=True)
        except Exception as unexpected:
            self._trouble(f"nothing was saved: {type(unexpected).__name__}: {unexpected}")
        self._end()

    def _end(self) -> None:
        self.balancer.close()
        self.databases.close()
        self.caches.close()
        self.plane.close()
        self.pool.close()

    def _save(self, ended: bool) -> None:
        self._rhythm.saved()
        bodies = self._kept.bodies()
        with self.api.at_rest():
            held = self.plane.keep(bodies)
        label = Label(
            self._location,
            self.endpoint,
            self.pool.prefix,
            self.plane.machines.ids(),
            ended,
            time.time(),
        )
        self._kept.write(label, held)

    # --- what commands ask for ---

    def status(self) -> dict[str, Any]:
        return {
            "endpoint": self.endpoint,
            "uptime": time.monotonic() - self._started,
            "faults": self.board.faults.shown(),
            **report(self.plane, self.instances, self.balancer),
        }

    def set_fault(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self._change(set_fault(self.board.faults, asked["name"], asked["value"]))

    def clear_fault(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self._change(clear_fault(self.board.faults, asked.get("name")))

    def faults(self) -> dict[str, Any]:
        return {"faults": self.board.faults.shown()}

    def _change(self, wanted: Faults) -> dict[str, Any]:
        hung = set(self.board.faults.target_hang)
        for instance_id in set(wanted.target_hang) - hung:
            if not self.instances.alive(instance_id):
                running = ", ".join(self.plane.machines.ids()) or "none"
                raise UnknownFault(
                    f"target-hang={instance_id}: there is no such instance.", f"There are: {running}"
                )
        for instance_id in set(wanted.target_hang) - hung:
            self.instances.freeze(instance_id)
        for instance_id in hung - set(wanted.target_hang):
            self.instances.thaw(instance_id)
        self.board.change(wanted)
        self._wake.set()
        return self.faults()
