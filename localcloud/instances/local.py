"""Instances of this machine: `parts.Instances` on process groups.

Each instance is a folder `<folder>/<instance id>/`:

    root/         its view of the file system (root.py)
    log/          a file a unit, `cloud-init.log` for the user data, `machine.log` for its first process
    machine.json  what its first process was told

and one small process, `machine`, in a session of its own, that everything else on the instance descends from.
The daemon's end of its pipe says that it is alive; the other end tells it that the daemon is. Whatever
carries the marker and the instance's id in its environment is killed when the first process is gone.

Beside <folder> is the socket at which all instances call `aws` (aws/keeper.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import localcloud
from localcloud.errors import PartFailed
from localcloud.instances import firstboot, processes
from localcloud.instances.aws.keeper import Keeper
from localcloud.instances.cloudconfig import parse_user_data
from localcloud.instances.imds import VARIABLE, MetadataService
from localcloud.instances.metadata import instance_data
from localcloud.instances.root import Root
from localcloud.instances.shims import PATH, base_interpreter, write_shims
from localcloud.instances.trust import trusted
from localcloud.parts import InstanceSpec, InstanceStatus
from localcloud.processes import MARKER_VARIABLE

INSTANCE_VARIABLE = "UNEVENTFUL_INSTANCE"
_CERTIFICATES = "/etc/pki/tls/cert.pem"
_PATIENCE = 3.0
"""Seconds beyond its services' own time-outs that a first process gets to end by itself."""


@dataclass
class _Instance:
    spec: InstanceSpec
    folder: Path
    status: InstanceStatus = field(default_factory=lambda: InstanceStatus("booting"))
    process: subprocess.Popen[bytes] | None = None
    stop_seconds: float = 0.0
    ending: Literal["", "stopped", "gone"] = ""
    """What it was told to become."""
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


class LocalInstances:
    """See `parts.Instances`. Constructing it kills what an earlier daemon with the same folder and marker left
    behind, and removes that daemon's instances but those of the ids `kept`. `authority` is the file with the
    certificate of the local cloud's own authority, which every instance trusts; it need not be there yet."""

    def __init__(
        self,
        folder: Path,
        marker: str,
        authority: Path = Path("/dev/null"),
        kept: Collection[str] = (),
    ) -> None:
        self._authority = authority
        self._folder = folder.absolute()
        self._marker = marker
        self._instances: dict[str, _Instance] = {}
        self._callbacks: list[Callable[[str], None]] = []
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.iterdir():
            processes.kill_carrying(self._marks(left.name))
            if left.name not in kept:
                shutil.rmtree(left, ignore_errors=True)
        self._tags: Callable[[str], Mapping[str, str] | None] = lambda _instance: None
        self._metadata = MetadataService(self._spec, lambda instance_id: self._tags(instance_id))
        self._aws = Keeper(self._folder.parent, marker)

    def tell_tags(self, tags: Callable[[str], Mapping[str, str] | None]) -> None:
        self._tags = tags

    def start(self, spec: InstanceSpec) -> None:
        if spec.instance_id in self._instances:
            raise PartFailed(f"instance {spec.instance_id} was started already")
        instance = _Instance(spec, self._folder / spec.instance_id)
        self._instances[spec.instance_id] = instance
        self._in_background(self._live, instance, True)

    def terminate(self, instance_id: str) -> None:
        self._end(instance_id, "gone")

    def stop(self, instance_id: str) -> None:
        self._end(instance_id, "stopped")

    def boot(self, instance_id: str) -> None:
        instance = self._instances.get(instance_id)
        if instance is None or instance.status.state != "stopped":
            state = self.status(instance_id).state
            raise PartFailed(f"instance {instance_id} is {state}; only a stopped one can be booted again")
        again = _Instance(instance.spec, instance.folder)
        self._instances[instance_id] = again
        self._in_background(self._live, again, False)

    def adopt(self, spec: InstanceSpec) -> None:
        instance = _Instance(spec, self._folder / spec.instance_id, InstanceStatus("stopped"))
        instance.over.set()
        if (instance.folder / "root").is_dir():
            self._instances[spec.instance_id] = instance

    def freeze(self, instance_id: str) -> None:
        self._order(instance_id, b"freeze\n")

    def thaw(self, instance_id: str) -> None:
        self._order(instance_id, b"thaw\n")

    def status(self, instance_id: str) -> InstanceStatus:
        instance = self._instances.get(instance_id)
        return instance.status if instance else InstanceStatus("gone")

    def alive(self, instance_id: str) -> bool:
        instance = self._instances.get(instance_id)
        return instance is not None and not instance.over.is_set()

    def on_exit(self, callback: Callable[[str], None]) -> None:
        self._callbacks.append(callback)

    def close(self) -> None:
        deadline = time.monotonic() + 5.0
        left = list(self._instances.values())
        for instance in left:
            self.stop(instance.spec.instance_id)
        for instance in left:
            if not instance.over.wait(max(0.0, deadline - time.monotonic())):
                self._kill(instance)
        for instance in left:
            instance.over.wait(_PATIENCE)
        self._aws.close()
        self._metadata.close()

    # --- one instance ---

    def _live(self, instance: _Instance, first: bool) -> None:
        """The whole life of an instance, in a thread of its own."""
        with instance.lock:
            if not instance.ending:
                try:
                    self._prepare(instance, first)
                    instance.process = self._first_process(instance)
                    instance.status = InstanceStatus("booting", (instance.process.pid,))
                except OSError as error:
                    instance.status = InstanceStatus("gone", (), f"it could not be made: {error}")
        if instance.process is not None:
            self._follow(instance, instance.process)
        processes.kill_carrying(self._marks(instance.spec.instance_id))
        if instance.ending != "stopped":
            shutil.rmtree(instance.folder / "root", ignore_errors=True)
        instance.status = InstanceStatus(instance.ending or "gone", (), instance.status.detail)
        instance.over.set()
        if not instance.ending:
            for callback in self._callbacks:
                callback(instance.spec.instance_id)

    def _prepare(self, instance: _Instance, first: bool) -> None:
        """Write the instance's folder. User data that cannot be run: the instance boots without, as on EC2."""
        root, log = Root(instance.folder / "root"), instance.folder / "log"
        environment = self._environment(instance, root)
        script, refused = None, ""
        if first:
            log.mkdir(parents=True)
            firstboot.prepare_root(root)
            write_shims(root, instance.folder, instance.spec.address, self._authority)
            root.inside(_CERTIFICATES).write_bytes(trusted(self._authority))
            try:
                config = parse_user_data(instance.spec.user_data, instance_data(instance.spec))
                script = firstboot.apply(config, root, environment["PATH"])
            except Exception as error:
                refused = str(error)
        plan = {
            "environment": environment,
            "script": str(script or ""),
            "refused": refused,
        }
        file = instance.folder / "machine.json"
        file.touch(0o600)
        file.write_text(json.dumps(plan))

    def _environment(self, instance: _Instance, root: Root) -> dict[str, str]:
        return {
            "PATH": f"{root.inside('/usr/local/bin')}:{root.inside('/usr/bin')}:{PATH}",
            "HOME": str(root.inside("/root")),
            "LANG": "C.UTF-8",
            "SSL_CERT_FILE": str(root.inside(_CERTIFICATES)),
            VARIABLE: self._metadata.endpoint(instance.spec.instance_id),
            **instance.spec.credentials_env,
            **self._marks(instance.spec.instance_id),
        }

    def _first_process(self, instance: _Instance) -> subprocess.Popen[bytes]:
        package = Path(localcloud.__file__).resolve().parent.parent
        with (instance.folder / "log" / "machine.log").open("ab") as log:
            return subprocess.Popen(
                [base_interpreter(), "-P", "-S", "-m", "localcloud.instances.machine", str(instance.folder)],
                env={"PYTHONPATH": str(package), "PATH": PATH, **self._marks(instance.spec.instance_id)},
                cwd=instance.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def _follow(self, instance: _Instance, process: subprocess.Popen[bytes]) -> None:
        """Believe the reports of the first process until it ends."""
        assert process.stdout is not None
        assert process.stdin is not None
        with process.stdout as reports:
            for line in reports:
                report = json.loads(line)
                instance.stop_seconds = report["stop_seconds"]
                pids = (process.pid, *report["pids"])
                instance.status = InstanceStatus(report["state"], pids, report["detail"])
        # Its end of the pipe is closed, but it may not have ended; nothing can be ordered any more.
        process.kill()
        process.wait()
        with instance.lock, contextlib.suppress(BrokenPipeError):
            process.stdin.close()

    def _end(self, instance_id: str, state: Literal["stopped", "gone"]) -> None:
        instance = self._instances.get(instance_id)
        if instance is None:
            return
        with instance.lock:
            if instance.over.is_set() and (instance.status.state, state) == ("stopped", "gone"):
                instance.status = InstanceStatus("gone")
                shutil.rmtree(instance.folder / "root", ignore_errors=True)
            if instance.over.is_set() or instance.ending:
                instance.ending = instance.ending and state
                return
            instance.ending = state
        self._order(instance_id, b"stop\n")
        self._in_background(self._make_sure, instance)

    def _make_sure(self, instance: _Instance) -> None:
        if not instance.over.wait(_PATIENCE) and not instance.over.wait(instance.stop_seconds):
            self._kill(instance)

    def _kill(self, instance: _Instance) -> None:
        with instance.lock:
            if instance.process is not None and not instance.over.is_set():
                processes.send(instance.process.pid, signal.SIGKILL)

    def _order(self, instance_id: str, order: bytes) -> None:
        instance = self._instances.get(instance_id)
        if instance is None or instance.process is None or instance.process.stdin is None:
            return
        with instance.lock, contextlib.suppress(BrokenPipeError, ValueError):
            os.write(instance.process.stdin.fileno(), order)

    def _spec(self, instance_id: str) -> InstanceSpec | None:
        instance = self._instances.get(instance_id)
        return instance.spec if instance else None

    def _marks(self, instance_id: str) -> dict[str, str]:
        return {MARKER_VARIABLE: self._marker, INSTANCE_VARIABLE: instance_id}

    def _in_background(self, target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, daemon=True, name="instance").start()
