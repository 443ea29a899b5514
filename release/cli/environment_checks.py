"""The checks of `release doctor` that ask about one environment: its account, its state, and what runs of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from release.doctor import account, bundles, entrance, host, leftovers, machine, quotas, recipients, rights
from release.doctor import project as files
from release.doctor.examine import Check, Once
from release.doctor.finding import Finding, NotLooked

if TYPE_CHECKING:
    from infra.settings import Settings
    from release.cli.project import Project
    from release.cli.state import StackState

_OPERATIONS = "operations"
_CONNECT, _READ = 4, 12


def environment_checks(of: Project) -> tuple[Check, ...]:
    """Nothing is asked before a check is run."""
    of.tell_region()
    return tuple(Check(name, look) for name, look in _Environment(of).looks())


class _Environment:
    """What the checks share, each asked once."""

    def __init__(self, of: Project) -> None:
        self._of = of
        self._stack = of.stack
        self._name = str(
            (yaml.safe_load((of.folder / "Pulumi.yaml").read_text("utf-8")) or {}).get("name", "")
        )
        self._clients = _Clients()
        self._settings = Once(self._read_settings)
        self._exported = Once(self._read_exported)
        self._state = Once(self._read_state)
        self._identity = Once(lambda: account.look(self._clients))
        self._locks = Once(self._read_locks)
        self._operations = Once(self._read_operations)

    def looks(self) -> Iterator[tuple[str, Callable[[], Finding | Iterable[Finding]]]]:
        yield "credentials", self._credentials
        yield "clock", self._clock
        yield "region", self._region
        yield "vCPUs for two fleets at once", self._vcpus
        yield "addresses for NAT gateways", self._addresses
        yield "load balancer's limits", self._limits
        yield "rights", self._rights
        yield "certificate", self._entrance
        yield "alarm recipients", self._recipients
        yield "secrets", self._secrets
        yield "lock", lambda: leftovers.locks(self._locks(), self._stack)
        yield "lease", self._lease
        yield "candidate", self._candidates
        yield "orphans", self._orphans
        yield "bundles", self._bundles
        yield "operations host", self._host

    def _credentials(self) -> Iterator[Finding]:
        settings, seen = self._settings(), self._identity()
        file = self._of.stack_file.name
        yield account.credentials(seen, settings.account_ids, file)
        made_up = account.made_up(settings.account_ids, file, seen.account)
        if made_up:
            yield made_up

    def _clock(self) -> Finding:
        skew = self._identity().skew
        if skew is None:
            raise NotLooked("AWS did not say its time")
        return machine.clock(skew)

    def _region(self) -> Finding:
        settings = self._settings()
        return account.region(account.look_at_region(self._clients, settings.region), settings.network.zones)

    def _vcpus(self) -> Finding:
        return quotas.vcpus(quotas.look_at_vcpus(self._clients, self._settings(), self._name))

    def _addresses(self) -> Finding:
        return quotas.addresses(quotas.look_at_addresses(self._clients, self._settings(), self._name))

    def _limits(self) -> tuple[Finding, ...]:
        return quotas.balancer(*quotas.look_at_balancer(self._clients, self._listener()))

    def _rights(self) -> tuple[Finding, ...]:
        arn = self._identity().arn
        if not arn:
            raise NotLooked("AWS does not say whose credentials these are")
        return rights.rights(rights.look(self._clients, arn))

    def _entrance(self) -> Iterator[Finding]:
        chosen = self._settings().balancer
        if not (chosen.certificate and chosen.domain):
            raise NotLooked("uneventful:balancer names none: the environment speaks HTTP alone")
        seen = entrance.look_at_certificate(self._clients, chosen.certificate)
        yield entrance.certificate(seen, chosen.domain, datetime.now(UTC))
        balancer = str(self._outputs().get("dnsName") or "")
        if balancer:
            at, leads_to = entrance.addresses_of(balancer), entrance.addresses_of(chosen.domain)
            yield entrance.domain(chosen.domain, leads_to, balancer, at)

    def _recipients(self) -> Finding:
        topic = next(iter(self._arns("aws:sns/topic:Topic", "::alarms")), "")
        if not topic:
            raise self._not_made()
        seen = recipients.look(self._clients, topic)
        return recipients.recipients(seen, self._settings().alarms.recipients, self._stack)

    def _secrets(self) -> Finding:
        self._made()
        from release.errors import UneventfulError

        try:
            self._operations()
        except UneventfulError as error:
            return files.passphrase(error.seen.strip().splitlines()[-1], os.environ, self._stack)
        return files.passphrase("", os.environ, self._stack)

    def _lease(self) -> Finding:
        import asyncio

        from release.cli.holder import holder

        held = asyncio.run(holder(self._made().bucket))
        seen = leftovers.Lease(str(held), held.alive, held.released, held.pinned) if held else None
        return leftovers.lease(seen, self._stack)

    def _candidates(self) -> Finding:
        left = [f"{fleet.version} ({fleet.release})" for fleet in self._made().candidates]
        return leftovers.candidates(left, self._busy(), self._stack)

    def _orphans(self) -> Finding:
        found = leftovers.look(self._clients, self._listener(), self._stack.rpartition("/")[2], self._name)
        known = leftovers.Parts(
            frozenset(self._arns("aws:lb/targetGroup:TargetGroup")),
            frozenset(self._arns("aws:lb/listenerRule:ListenerRule")),
            frozenset(group.name for group in self._made().groups),
        )
        return leftovers.orphans(found, known, self._busy(), self._stack)

    def _bundles(self) -> Iterator[Finding]:
        from release.store import open_store

        state = self._made()
        entries = [entry for entry in (state.ledger.live, *state.ledger.warm) if entry]
        return bundles.bundles(open_store(state.bucket), entries, self._stack)

    def _host(self) -> Finding:
        self._made()
        import asyncssh

        from release.errors import UneventfulError

        try:
            told = self._operations()
        except UneventfulError as error:
            raise NotLooked(
                "where it is, and its key, are among the stack's secrets, which cannot be read"
            ) from error
        where = f"{told['host']}:{told['port']}"
        try:
            seen = host.look(str(told["host"]), int(told["port"]))
        except (OSError, TimeoutError, asyncssh.Error) as error:
            return host.unreachable(where, str(error) or type(error).__name__, self._stack)
        return host.operations(seen, str(told["hostKey"]), where, self._stack)

    def _busy(self) -> bool:
        return any(not lock.dead for lock in self._locks())

    def _listener(self) -> str:
        return self._made().listener

    def _made(self) -> StackState:
        state = self._state()
        if not (state.bucket and state.listener):
            raise self._not_made()
        return state

    def _not_made(self) -> NotLooked:
        return NotLooked(
            f"the environment {self._stack} was not made yet", f"pulumi up --stack {self._stack}"
        )

    def _outputs(self) -> Mapping[str, Any]:
        return next(iter(self._of_kind("pulumi:pulumi:Stack")), {})

    def _arns(self, kind: str, name: str = "") -> Iterator[str]:
        return (str(outputs.get("arn") or "") for outputs in self._of_kind(kind, name))

    def _of_kind(self, kind: str, name: str = "") -> Iterator[Mapping[str, Any]]:
        for each in (self._exported().get("deployment") or {}).get("resources") or ():
            if each.get("type") == kind and str(each.get("urn", "")).endswith(name):
                yield each.get("outputs") or {}

    def _read_settings(self) -> Settings:
        from release.cli.settings import read_settings

        return read_settings(self._of)

    def _read_exported(self) -> Mapping[str, Any]:
        from release.cli.engine import Engine

        return Engine(self._of).exported()

    def _read_state(self) -> StackState:
        from release.cli.state import StackState

        return StackState.parse(self._exported())

    def _read_locks(self) -> tuple[leftovers.Lock, ...]:
        from release.cli.locks import gone, locks

        return tuple(leftovers.Lock(str(lock), gone((lock,))) for lock in locks(self._of))

    def _read_operations(self) -> Mapping[str, Any]:
        from release.cli.engine import Engine

        return Engine(self._of).secret_output(_OPERATIONS)


class _Clients:
    """boto3's clients, one of a kind; making one is not safe beside another."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        with self._lock:
            if service not in self._made:
                import boto3
                from botocore.config import Config

                patience = Config(
                    connect_timeout=_CONNECT,
                    read_timeout=_READ,
                    retries={"mode": "standard", "total_max_attempts": 2},
                )
                self._made[service] = boto3.client(service, config=patience)  # type: ignore[call-overload]
            return self._made[service]
