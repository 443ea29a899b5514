"""The load balancers' data plane: one Envoy that serves what the control plane holds."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from localcloud.addresses import cannot_listen
from localcloud.balancer import health
from localcloud.balancer.accesslog import AccessLog
from localcloud.balancer.admin import Admin, AdminUnreachable
from localcloud.balancer.admission import Admission, TargetKey
from localcloud.balancer.counts import count
from localcloud.balancer.names import listener_name, short
from localcloud.balancer.process import EnvoyProcess
from localcloud.balancer.serving import Serving
from localcloud.balancer.snapshot import checked_targets, group_endpoints, groups, snapshot, sockets
from localcloud.errors import PortTaken
from localcloud.parts import BalancerState, Endpoint, GroupCounts, TargetHealth

SEEN_SECONDS = 0.1
"""How old what is known of the hosts may be."""


class EnvoyBalancer:
    """`localcloud.parts.Balancer` by Envoy, with its files in `folder`, which is its own and begins anew.

    Guarantees: a change of weights, of targets or of groups loses no request; a target that drains or
    leaves finishes what it has; nothing is sent twice. Envoy ends with this process, and is started again
    when it dies.
    """

    def __init__(
        self, folder: Path, on_log: Callable[[str], None] = lambda _line: None, concurrency: int = 1
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder = folder.resolve()
        for left_over in {*folder.glob("*.json"), *folder.glob("*.log"), *folder.glob("*.old")}:
            left_over.unlink()
        self._folder = folder
        self._lock = threading.RLock()
        self._state: tuple[BalancerState, ...] = ()
        self._refused: dict[Endpoint, str] = {}
        self._arns: dict[str, str] = {}
        self._hosts: dict[str, dict[Endpoint, health.Host]] = {}
        self._hosts_at = float("-inf")
        self._seen_lock = threading.Lock()
        self._closed = False
        self._admin = Admin(folder)
        self._log = AccessLog(folder, self._admin.reopen_logs)
        self._process = EnvoyProcess(folder, on_log, concurrency)
        self._serving = Serving(folder, self._process, self._admin)
        self._admission = Admission(self._admit)
        self._process.start()

    def apply(self, state: tuple[BalancerState, ...]) -> None:
        """See `localcloud.parts.Balancer`. Raises `PartFailed` when Envoy does not serve it within 5 s."""
        with self._lock:
            if self._closed or (state == self._state and not self._refused):
                return
            for arn in [*groups(state), *(balancer.arn for balancer in state)]:
                self._arns[short(arn)] = arn
            self._refused = self._refusals(state)
            self._state = state
            self._admission.expect(checked_targets(state))
            self._serving.serve(snapshot(self._folder, state, self._admission.admitted(), self._refused))
            for (address, port), seen in self._refused.items():
                raise PortTaken(address, port, seen)

    def _refusals(self, state: tuple[BalancerState, ...]) -> dict[Endpoint, str]:
        new = [at for at in sorted(sockets(state)) if listener_name(*at) not in self._serving.listeners]
        return {at: seen for at in new if (seen := cannot_listen(*at))}

    def _admit(self, key: TargetKey) -> None:
        with self._lock:
            group = groups(self._state).get(key[0])
            if group is not None and not self._closed:
                assignment = group_endpoints(group, self._admission.admitted())
                self._serving.give_endpoints(short(group.arn), assignment)

    def _seen(self, target_group_arn: str) -> Mapping[Endpoint, health.Host]:
        with self._seen_lock:
            if time.monotonic() - self._hosts_at > SEEN_SECONDS:
                with contextlib.suppress(AdminUnreachable):
                    self._hosts = health.hosts(self._admin.clusters())
                self._hosts_at = time.monotonic()
            return self._hosts.get(short(target_group_arn), {})

    def health(self, target_group_arn: str) -> Mapping[Endpoint, TargetHealth]:
        """See `localcloud.parts.Balancer`; at most 0.1 s old. Of a group that is not in use nothing is known."""
        group = groups(self._state).get(target_group_arn)
        if group is None:
            return {}
        seen = self._seen(target_group_arn)
        admitted = self._admission.admitted()
        verdicts: dict[Endpoint, TargetHealth] = {}
        for target in group.targets:
            at = (target.address, target.port)
            if target.draining:
                continue
            key = (target_group_arn, at)
            host = seen.get(at) if key in admitted else None
            failed = host is not None and host.failed and not host.pending
            verdicts[at] = health.verdict(host, self._admission.answer(key) if failed else None)
        return verdicts

    def active_requests(self, target_group_arn: str) -> Mapping[Endpoint, int]:
        """See `localcloud.parts.Balancer`; at most 0.1 s old."""
        group = groups(self._state).get(target_group_arn)
        seen = self._seen(target_group_arn)
        listed = [(target.address, target.port) for target in group.targets] if group else []
        return {at: seen[at].active if at in seen else 0 for at in listed}

    def take_counts(self) -> tuple[GroupCounts, ...]:
        """See `localcloud.parts.Balancer`; answers count at most 0.2 s late."""
        with self._seen_lock, contextlib.suppress(AdminUnreachable):
            return count(self._log.lines(), self._arns)
        return ()

    @property
    def pid(self) -> int | None:
        """Envoy's process, None in the moment between its death and its next start."""
        return self._process.pid

    def close(self) -> None:
        """End Envoy and close every port; returns when that is so."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._admission.close()
        self._process.close()
        self._log.close()
