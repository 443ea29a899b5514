"""EC2's instances made real: what moto launches, stops and terminates happens to a machine of this
computer."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, InstanceBackend, InstanceState, MetadataOptions

from localcloud.addresses import AddressPool
from localcloud.controlplane.hooks import Hook, after
from localcloud.controlplane.roles import role_of
from localcloud.parts import Instances, InstanceSpec

GROUP_TAG = "aws:autoscaling:groupName"
SHUTTING_DOWN = ("shutting-down", 32)
TERMINATED = ("terminated", 48)
PASSED_ON = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION")
"""What an instance is told of the cloud; its keys are its role's."""


@dataclass(frozen=True)
class KeptMachines:
    """By instance id: moto's instances, what they are made of, their addresses, and those that are ending."""

    records: Mapping[str, Any]
    specs: Mapping[str, InstanceSpec]
    addresses: Mapping[str, str]
    ending: frozenset[str]


class Machines:
    """The instances that EC2 holds, by id, each with its address here.

    `on_terminate` hears of every instance that is told to end by EC2's API or found dead, before its
    machine ends.
    """

    def __init__(
        self,
        instances: Instances,
        pool: AddressPool,
        variables: Callable[[], Mapping[str, str]],
        on_log: Callable[[str], None],
    ) -> None:
        self._instances = instances
        self._pool = pool
        self._variables = variables
        self._log = on_log
        self._records: dict[str, Any] = {}
        self._specs: dict[str, InstanceSpec] = {}
        self._addresses: dict[str, str] = {}
        self._ending: set[str] = set()
        self.on_terminate: Callable[[str], None] = lambda _instance: None
        instances.tell_tags(self._metadata_tags)

    def hooks(self) -> tuple[Hook, ...]:
        run = ("image_id", "count", "user_data", "security_group_names", "kwargs")
        return (
            Hook(InstanceBackend, "run_instances", run, after(self._launched)),
            Hook(Instance, "terminate", (), after(self._terminated)),
            Hook(Instance, "stop", (), after(self._stopped)),
            Hook(Instance, "start", (), after(self._started)),
            Hook(Instance, "reboot", (), after(self._rebooted)),
            Hook(Instance, "public_dns_name", (), _public_name),
            Hook(NetworkInterface, "association", (), _association),
        )

    def _launched(self, reservation: Any, backend: Any, *_args: Any, **asked: Any) -> None:
        for record in reservation.instances:
            address = self._pool.take(record.id)
            self._records[record.id] = record
            self._addresses[record.id] = address
            self._publish(record)
            if template := asked.get("launch_template"):
                # moto leaves them out, and says that they are as they are by default.
                options = backend._get_template_from_args(template).data.get("MetadataOptions")
                record.metadata_options = MetadataOptions(options)
            tags = {tag["key"]: tag["value"] for tag in record.get_tags()}
            self._log(f"instance {record.id} launched at {address}" + _of_group(tags))
            spec = InstanceSpec(
                instance_id=record.id,
                region=record.ec2_backend.region_name,
                user_data=_user_data(record.user_data),
                address=address,
                tags=tags,
                credentials_env=self._passed_on(),
                role=role_of(backend, asked, record.id),
                public=bool(record.public_ip),
                image_id=record.image_id or "",
                instance_type=record.instance_type or "",
                availability_zone=record.availability_zone or "",
            )
            self._instances.start(spec)
            # From now on somebody may look whether it lives: before, it would be taken for dead.
            self._specs[record.id] = spec

    def _passed_on(self) -> dict[str, str]:
        return {name: value for name, value in self._variables().items() if name in PASSED_ON}

    def _metadata_tags(self, instance_id: str) -> Mapping[str, str] | None:
        record = self._records.get(instance_id)
        if record is None or record.metadata_options.instance_metadata_tags != "enabled":
            return None
        return dict(record.ec2_backend.tags.get(instance_id, {}))

    def _terminated(self, _previous: Any, record: Any) -> None:
        if record.id not in self._addresses:
            return
        self.on_terminate(record.id)
        # moto says `terminated` at once; AWS when the machine has shut down.
        record._state = InstanceState(*SHUTTING_DOWN)
        self._ending.add(record.id)
        self._instances.terminate(record.id)

    def _stopped(self, _previous: Any, record: Any) -> None:
        if record.id in self._addresses:
            self._instances.stop(record.id)

    def _started(self, _previous: Any, record: Any) -> None:
        if record.id in self._addresses and self._instances.status(record.id).state == "stopped":
            self._publish(record)
            self._instances.boot(record.id)

    def _publish(self, record: Any) -> None:
        """A public address is the one that answers here, not one that moto made up."""
        if record.public_ip:
            record.nics[0].public_ip = self._addresses[record.id]

    def _rebooted(self, _result: None, record: Any) -> None:
        if record.id in self._addresses:
            raise EC2ClientError(
                "UnsupportedOperation", f"the local cloud does not reboot instances: {record.id} runs on"
            )

    def terminate(self, instance_id: str) -> None:
        """End an instance as EC2's own API does; one that is ending or gone is left alone."""
        record = self._records.get(instance_id)
        if record is not None and record.state in ("pending", "running", "stopping", "stopped"):
            record.terminate()

    def step(self) -> tuple[str, ...]:
        """Let EC2 say `terminated` of the machines that have ended. Returns the ids found dead that nobody
        ended."""
        for instance_id in list(self._ending):
            if self.gone(instance_id):
                self._ending.discard(instance_id)
                self._records[instance_id]._state = InstanceState(*TERMINATED)
                self._pool.release(self._addresses.pop(instance_id))
                self._specs.pop(instance_id, None)
                self._log(f"instance {instance_id} terminated")
        alive = [instance_id for instance_id in list(self._specs) if instance_id not in self._ending]
        return tuple(instance_id for instance_id in alive if self.gone(instance_id))

    def keep(self) -> KeptMachines:
        """What `go_on` needs."""
        return KeptMachines(
            dict(self._records), dict(self._specs), dict(self._addresses), frozenset(self._ending)
        )

    def go_on(self, kept: KeptMachines) -> None:
        """Hold what an earlier cloud held; what ran there boots again, what was ending has ended."""
        self._records.update(kept.records)
        self._specs.update(kept.specs)
        self._addresses.update(kept.addresses)
        self._ending.update(kept.ending)
        for instance_id in kept.addresses:
            if instance_id in kept.ending:
                continue
            if instance_id not in kept.specs:
                # It was just being launched: there is no machine.
                self._ending.add(instance_id)
                continue
            self._instances.adopt(replace(kept.specs[instance_id], credentials_env=self._passed_on()))
            if kept.records[instance_id].state in ("pending", "running"):
                self._instances.boot(instance_id)

    def gone(self, instance_id: str) -> bool:
        """Whether nothing of the instance runs and nothing ever will."""
        return self._instances.status(instance_id).state == "gone"

    def address(self, target: str) -> str | None:
        """The address here of a target as it was registered: an instance id, an instance's private address,
        or any other address, which is itself. None for an instance that is not there."""
        if target.startswith("i-"):
            return self._addresses.get(target)
        return self._by_private_address().get(target, target)

    def instance_of(self, target: str) -> str:
        """The instance that a target is, "" for an address that belongs to none."""
        if target.startswith("i-"):
            return target
        return next((name for name, record in self._records.items() if _private(record) == target), "")

    def state(self, instance_id: str) -> str | None:
        """EC2's state of an instance, None when there never was one."""
        record = self._records.get(instance_id)
        return None if record is None else str(record.state)

    def record(self, instance_id: str) -> Any:
        """moto's instance; KeyError when there never was one."""
        return self._records[instance_id]

    def ids(self) -> tuple[str, ...]:
        """Every instance that has a machine, those that are shutting down too."""
        return tuple(self._addresses)

    def _by_private_address(self) -> dict[str, str]:
        return {
            private: self._addresses[name]
            for name, record in list(self._records.items())
            if name in self._addresses and (private := _private(record))
        }


def _private(record: Any) -> str:
    nic = record.nics.get(0)
    return str(nic.private_ip_address) if nic is not None else ""


def _public_name(original: Callable[..., Any], record: Any) -> Any:
    """A name that leads to the address: the address itself, since no resolver knows this cloud."""
    return record.public_ip or original(record)


def _association(original: Callable[..., Any], interface: Any) -> dict[str, Any]:
    told: dict[str, Any] = original(interface)
    return {**told, "publicDnsName": interface.public_ip} if told else told


def _user_data(held: Any) -> bytes:
    """moto holds user data in base64, as it came; None when there is none."""
    return b"" if held is None else base64.b64decode(str(held))


def _of_group(tags: Mapping[str, str]) -> str:
    return f" for auto-scaling group {tags[GROUP_TAG]}" if GROUP_TAG in tags else ""
