"""From what should be served to what is: files put in place in the right order, and Envoy's word that it
took them."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from localcloud.balancer.admin import Admin, AdminUnreachable
from localcloud.balancer.bootstrap import CLUSTERS, LISTENERS, Json
from localcloud.balancer.process import EnvoyProcess
from localcloud.balancer.resources import ResourceFiles
from localcloud.balancer.snapshot import Snapshot
from localcloud.errors import PartFailed

PATIENCE_SECONDS = 5.0
"""How long Envoy may take to serve a change before it is an error; it takes some milliseconds."""
WARMING_SECONDS = 0.1
"""How long a change waits for the first health checks of a new group."""
POLL_SECONDS = 0.003


class Serving:
    """What Envoy was told last. The caller holds a lock around every method."""

    def __init__(self, folder: Path, process: EnvoyProcess, admin: Admin) -> None:
        self._files = ResourceFiles(folder)
        self._files.put(CLUSTERS, [])
        self._files.put(LISTENERS, [])
        self._process = process
        self._admin = admin
        self._current = Snapshot({}, {}, {}, {})

    @property
    def listeners(self) -> Collection[str]:
        """The names of the listeners that there are."""
        return self._current.listeners.keys()

    def serve(self, wanted: Snapshot) -> None:
        """Serve this and nothing else; returns when it is so. Groups come before the routes that name
        them and go after, so that no request meets a missing group. Raises `PartFailed` when Envoy does
        not take it."""
        former, self._current = self._current, wanted
        self._put_endpoints(wanted, former.clusters.keys())
        self._put_clusters({**former.clusters, **wanted.clusters})
        self._wait_warm(bool(wanted.clusters.keys() - former.clusters.keys()))
        self._put_routes(wanted)
        for name in wanted.listeners.keys() - former.listeners.keys():
            self._wait_listening(wanted.listeners[name])
        self._put_clusters(wanted.clusters)
        for name in former.endpoints.keys() - wanted.endpoints.keys():
            self._files.remove(f"eds-{name}.json")
        for name in former.routes.keys() - wanted.routes.keys():
            self._files.remove(f"rds-{name}.json")

    def give_endpoints(self, name: str, assignment: Json) -> None:
        """Give a served group these targets; returns without waiting."""
        if name in self._current.clusters:
            endpoints = {**self._current.endpoints, name: assignment}
            self._current = replace(self._current, endpoints=endpoints)
            self._files.put(f"eds-{name}.json", [assignment])

    def _put_endpoints(self, wanted: Snapshot, existing: Collection[str]) -> None:
        expected = {}
        for name, assignment in wanted.endpoints.items():
            version = self._files.put(f"eds-{name}.json", [assignment])
            if version is not None and name in existing:
                expected[f"cluster.{name}.version_text"] = version
        self._wait_taken(expected)

    def _put_clusters(self, clusters: Mapping[str, Json]) -> None:
        version = self._files.put(CLUSTERS, list(clusters.values()))
        if version is not None:
            self._wait_taken({"cluster_manager.cds.version_text": version})

    def _put_routes(self, wanted: Snapshot) -> None:
        expected = {}
        for name, table in wanted.routes.items():
            version = self._files.put(f"rds-{name}.json", [table])
            if version is not None:
                expected[f"http.{name}.rds.{name}.version_text"] = version
        version = self._files.put(LISTENERS, list(wanted.listeners.values()))
        if version is not None:
            expected["listener_manager.lds.version_text"] = version
        self._wait_taken(expected)

    def _wait_taken(self, expected: Mapping[str, str]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while expected:
            with contextlib.suppress(AdminUnreachable):
                seen = self._admin.versions()
                if all(seen.get(name) == version for name, version in expected.items()):
                    return
            if time.monotonic() > deadline:
                raise PartFailed(
                    f"the load balancer's Envoy (pid {self._process.pid}) has not taken"
                    f" {', '.join(expected)} within {PATIENCE_SECONDS:g} s. It serves what it served before."
                    f" Its last words:\n{self._process.last_words() or '(none)'}",
                    "See: localcloud status",
                )
            time.sleep(POLL_SECONDS)

    def _wait_warm(self, new: bool) -> None:
        deadline = time.monotonic() + WARMING_SECONDS
        while new and time.monotonic() < deadline:
            with contextlib.suppress(AdminUnreachable):
                if self._admin.warming() == 0:
                    return
            time.sleep(POLL_SECONDS)

    def _wait_listening(self, listener: Json) -> None:
        at = listener["address"]["socket_address"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection((at["address"], at["port_value"]), timeout=0.5).close()
                return
            time.sleep(POLL_SECONDS)
