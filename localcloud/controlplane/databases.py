"""RDS's instances made real: what moto creates, changes and deletes happens to a PostgreSQL server of this computer."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue
from moto.rds.models import DBInstance, RDSBackend

from localcloud.addresses import AddressPool
from localcloud.controlplane.hooks import Hook, after
from localcloud.parts import Databases, DatabaseSpec

ENGINE = "postgres"
DELETE = ("db_instance_identifier", "final_db_snapshot_identifier", "skip_final_snapshot")
NOT_DONE = {
    "create_db_cluster": ("kwargs",),
    "create_db_instance_read_replica": ("db_kwargs",),
    "restore_db_instance_from_db_snapshot": ("from_snapshot_id", "overrides"),
    "restore_db_instance_to_point_in_time": ("source_db_identifier", "target_db_identifier", "overrides"),
}
"""What would make a database that holds data, and here would make an empty one."""
RESOURCE_ID_LETTERS = string.ascii_uppercase + string.digits

Locked = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass
class _Held:
    record: Any
    address: str
    meanwhile: str = "creating"
    """RDS's word for what goes on until the server answers."""


@dataclass(frozen=True)
class KeptDatabases:
    """moto's instances with their addresses; the addresses of those that are being removed, with identifiers."""

    held: tuple[tuple[Any, str], ...]
    leaving: Mapping[str, str]


class DatabaseInstances:
    """The instances that RDS holds, by identifier, each with its server and address here."""

    def __init__(self, databases: Databases, pool: AddressPool, on_log: Callable[[str], None]) -> None:
        self._databases = databases
        self._pool = pool
        self._log = on_log
        self._held: dict[str, _Held] = {}
        self._leaving: dict[str, str] = {}
        """The addresses of servers that are being removed, with their identifiers."""

    def hooks(self, locked: Locked) -> tuple[Hook, ...]:
        backend = RDSBackend
        named = ("db_instance_identifier",)
        return (
            Hook(backend, "create_db_instance", ("db_kwargs",), locked(self._create)),
            Hook(backend, "modify_db_instance", (*named, "db_kwargs"), locked(self._modify)),
            Hook(
                backend,
                "delete_db_instance",
                (*DELETE, "delete_automated_backups"),
                after(locked(self._deleted)),
            ),
            Hook(backend, "reboot_db_instance", named, after(locked(self._restarting("rebooting")))),
            Hook(backend, "start_db_instance", named, after(locked(self._restarting("starting")))),
            Hook(
                backend, "stop_db_instance", (*named, "db_snapshot_identifier"), after(locked(self._stopped))
            ),
            Hook(
                backend,
                "modify_db_parameter_group",
                ("db_parameter_group_name", "db_parameter_group_parameters"),
                after(locked(self._parameters_changed)),
            ),
            Hook(DBInstance, "address", (), self._address),
            *(Hook(backend, name, parameters, _refuse(name)) for name, parameters in NOT_DONE.items()),
        )

    def _create(self, original: Callable[..., Any], backend: Any, db_kwargs: Any) -> Any:
        asked = db_kwargs.get("engine_version")
        if db_kwargs.get("engine") != ENGINE:
            raise InvalidParameterValue(
                f"The local cloud's databases are {ENGINE}; not {db_kwargs.get('engine')}."
            )
        if asked and asked.split(".")[0] != self._databases.version.split(".")[0]:
            raise InvalidParameterCombination(
                f"Cannot find version {asked} for {ENGINE}: the local cloud has {self._databases.version}."
            )
        record = original(backend, db_kwargs)
        identifier = record.db_instance_identifier
        self._complete(record)
        # moto gives every instance the same, and HashiCorp's provider knows instances by it.
        record.dbi_resource_id = "db-" + "".join(secrets.choice(RESOURCE_ID_LETTERS) for _ in range(26))
        record.status = "creating"
        held = self._held[identifier] = _Held(record, self._pool.take(identifier))
        self._databases.create(_spec(held))
        self._log(f"database {identifier} is being created at {held.address}:{record.port}")
        return record

    def _complete(self, record: Any) -> None:
        """AWS answers a whole version where a major one was asked for."""
        if "." not in (record.engine_version or ""):
            record.engine_version = self._databases.version

    def _modify(
        self, original: Callable[..., Any], backend: Any, db_instance_identifier: str, db_kwargs: Any
    ) -> Any:
        if db_kwargs.get("new_db_instance_identifier"):
            raise InvalidParameterCombination("The local cloud does not rename databases.")
        held = self._held.get(db_instance_identifier)
        managed = held is not None and held.record.manage_master_user_password
        if managed and db_kwargs.get("manage_master_user_password"):
            # moto would make another secret, and leave the one that is there.
            db_kwargs.pop("manage_master_user_password")
        record = original(backend, db_instance_identifier, db_kwargs)
        self._complete(record)
        if held is not None:
            self._databases.change(_spec(held))
        return record

    def _deleted(self, record: Any, *_args: Any, **_kwargs: Any) -> None:
        held = self._held.pop(record.db_instance_identifier, None)
        if held is not None:
            self._leaving[held.address] = record.db_instance_identifier
            self._databases.delete(record.db_instance_identifier)
            self._log(f"database {record.db_instance_identifier} is being deleted")

    def _restarting(self, meanwhile: str) -> Callable[..., None]:
        def restart(record: Any, *_args: Any, **_kwargs: Any) -> None:
            held = self._held.get(record.db_instance_identifier)
            if held is not None:
                held.meanwhile = record.status = meanwhile
                self._databases.restart(record.db_instance_identifier)

        return restart

    def _stopped(self, record: Any, *_args: Any, **_kwargs: Any) -> None:
        if record.db_instance_identifier in self._held:
            self._databases.stop(record.db_instance_identifier)

    def _parameters_changed(self, group: Any, *_args: Any, **_kwargs: Any) -> None:
        for held in self._held.values():
            if group in held.record.db_parameter_groups():
                self._databases.change(_spec(held))

    def _address(self, original: Callable[..., str], record: Any) -> str:
        held = self._held.get(record.db_instance_identifier)
        return original(record) if held is None else held.address

    def step(self) -> None:
        """Let RDS say `available` of the servers that answer, and give back the addresses of those that are gone."""
        for identifier, held in self._held.items():
            state = self._databases.status(identifier).state
            seen = held.meanwhile if state == "starting" else state
            if seen != held.record.status and seen != "gone":
                self._log(f"database {identifier} is {seen}")
                held.record.status = seen
        for address, identifier in list(self._leaving.items()):
            state = self._databases.status(identifier).state
            if state == "gone" or (identifier in self._held and state == "available"):
                self._pool.release(address)
                del self._leaving[address]

    def keep(self) -> KeptDatabases:
        """What `go_on` needs."""
        held = tuple((one.record, one.address) for one in self._held.values())
        return KeptDatabases(held, dict(self._leaving))

    def go_on(self, kept: KeptDatabases) -> None:
        """Hold what an earlier cloud held; what ran there starts again with its data."""
        self._leaving.update(kept.leaving)
        for record, address in kept.held:
            identifier = record.db_instance_identifier
            held = self._held[identifier] = _Held(record, address, "starting")
            self._databases.open(_spec(held))
            if record.status == "stopped":
                self._databases.stop(identifier)

    def shown(self) -> list[dict[str, Any]]:
        """Every database, as `localcloud status` tells of it."""
        return [
            {
                "id": identifier,
                "address": held.address,
                "port": held.record.port,
                "state": held.record.status,
                "pids": list((status := self._databases.status(identifier)).pids),
                "detail": status.detail,
            }
            for identifier, held in list(self._held.items())
        ]


def _spec(held: _Held) -> DatabaseSpec:
    record = held.record
    return DatabaseSpec(
        identifier=record.db_instance_identifier,
        address=held.address,
        port=int(record.port),
        name=record.db_name or "",
        master=record.master_username,
        password=record._master_user_password,
        parameters=_parameters(record),
    )


def _parameters(record: Any) -> Mapping[str, str]:
    return {
        name: str(parameter["ParameterValue"])
        for group in record.db_parameter_groups()
        for name, parameter in group.parameters.items()
        if "ParameterValue" in parameter
    }


def _refuse(name: str) -> Callable[..., Any]:
    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        words = name.replace("_", " ")
        raise InvalidParameterCombination(f"The local cloud does not {words}: it would be empty.")

    return refuse
