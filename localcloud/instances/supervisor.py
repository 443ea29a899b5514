"""All units of one instance, and the one loop that waits for whatever happens to them."""

from __future__ import annotations

import errno
import heapq
import itertools
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from localcloud.instances import processes
from localcloud.instances.host import Cancel
from localcloud.instances.journal import Journal, last_words
from localcloud.instances.listener import Listener, handed
from localcloud.instances.quoting import QuotingError, environment_file, expand
from localcloud.instances.root import Root
from localcloud.instances.service import Service
from localcloud.instances.unit import INFINITY, Command, Unit, UnitError, parse_unit

UNITS = "/etc/systemd/system"
IMAGE_UNITS = "/usr/lib/systemd/system"
TARGETS = ("sockets.target", "multi-user.target")
"""What units are started for when an instance boots, in this order."""


class Supervisor:
    """The services by name, and what they need of the machine (host.Host).

    `base` are the variables that every process gets. A process never outlives the supervisor's own process.
    """

    def __init__(self, root: Root, journal: Journal, base: Mapping[str, str]) -> None:
        self.root = root
        self.journal = journal
        self.base = base
        self.services: dict[str, Service] = {}
        self.sockets: dict[str, Listener] = {}
        self.frozen = False
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, list[Callable[[], None]]]] = []
        self._numbers = itertools.count()
        self._signals: dict[int, Callable[[], None]] = {}

    # --- units ---

    def service(self, name: str) -> Service:
        """The service of that name, read from its unit file at first use; raises UnitError."""
        name = name if name.endswith(".service") else f"{name}.service"
        if name not in self.services:
            self.services[name] = Service(self._read(name), self)
        return self.services[name]

    def unit(self, name: str) -> Service | Listener:
        """The service of that name, or the socket where it ends so; raises UnitError."""
        if not name.endswith(".socket"):
            return self.service(name)
        if name not in self.sockets:
            self.sockets[name] = Listener(self._read(name))
        return self.sockets[name]

    def _read(self, name: str) -> Unit:
        stem, at, _ = name.partition("@")
        candidates = [
            f"{folder}/{file}"
            for file in (name, *([f"{stem}@.service"] if at else []))
            for folder in (UNITS, IMAGE_UNITS)
        ]
        found = next((f for f in map(self.root.inside, candidates) if f.exists()), None)
        if found is None:
            raise UnitError(f"Unit {name} not found: there is no {candidates[0]} on this instance")
        return parse_unit(found.read_text(), name)

    def reload(self) -> None:
        """Read changed unit files at their next use; what runs goes on as it was started."""
        self.services = {n: s for n, s in self.services.items() if s.state not in ("inactive", "failed")}
        self.sockets = {n: s for n, s in self.sockets.items() if s.state == "active"}

    def enabled(self) -> list[str]:
        """The names of the units that start when the instance boots, sockets first."""
        wants = [folder for folder in map(self._wanted, TARGETS) if folder.is_dir()]
        return [name for folder in wants for name in sorted(entry.name for entry in folder.iterdir())]

    def enable(self, name: str) -> None:
        unit = self.unit(name).unit
        target = TARGETS[0] if name.endswith(".socket") else TARGETS[1]
        if target not in unit.wanted_by:
            raise UnitError(f"{unit.name}: expected WantedBy={target} in [Install], or it never starts")
        wants = self._wanted(target)
        wants.mkdir(parents=True, exist_ok=True)
        link = wants / unit.name
        link.unlink(missing_ok=True)
        link.symlink_to(Path("..") / unit.name)

    def disable(self, name: str) -> None:
        for target in TARGETS:
            (self._wanted(target) / self.unit(name).unit.name).unlink(missing_ok=True)

    def _wanted(self, target: str) -> Path:
        return self.root.inside(f"{UNITS}/{target}.wants")

    def running(self) -> dict[str, Service]:
        """The services that would have to be stopped, by name."""
        return {n: s for n, s in self.services.items() if s.state not in ("inactive", "failed")}

    # --- host.Host ---

    def clock(self) -> float:
        return time.monotonic()

    def call_later(self, seconds: float, action: Callable[[], None]) -> Cancel:
        cell = [action]
        if seconds != INFINITY:
            heapq.heappush(self._timers, (self.clock() + seconds, next(self._numbers), cell))
        return cell.clear

    def note(self, unit: str, text: str) -> None:
        self.journal.note(unit, text)

    def environment(self, unit: Unit) -> Mapping[str, str]:
        environment = dict(self.base)
        if unit.user:
            users = self.root.users()
            if unit.user not in users:
                raise UnitError(
                    f"User={unit.user}: this instance has no such user, only {', '.join(sorted(users))}"
                )
            home = str(self.root.inside(users[unit.user]))
            environment |= {"USER": unit.user, "LOGNAME": unit.user, "HOME": home}
        environment |= dict(unit.environment)
        for path, optional in unit.environment_files:
            file = self.root.inside(path)
            if not optional or file.exists():
                try:
                    environment |= dict(environment_file(file.read_text(), path))
                except (OSError, QuotingError) as error:
                    raise UnitError(f"EnvironmentFile={path}: {error}") from error
        return environment

    def spawn(self, unit: Unit, command: Command, environment: Mapping[str, str]) -> int:
        words = expand(command.words, environment) if command.expanded else command.words
        folder = (
            self.root.found(unit.working_directory or "/")
            if unit.working_directory
            else str(self.root.folder)
        )
        if not os.path.isdir(folder):  # noqa: PTH112 - one answer, no Path needed
            if not unit.working_directory_optional:
                raise OSError(errno.ENOENT, f"there is no WorkingDirectory={unit.working_directory}")
            folder = str(self.root.folder)
        line = [self.root.found(words[0]), *words[1:]]
        given = self._listened_for(unit) if command in unit.start else ()
        output, error = self._outputs(unit)
        try:
            process = subprocess.Popen(
                handed(line, given[0]) if given else line,
                pass_fds=given,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=error,
                process_group=0,
                preexec_fn=processes.die_with_parent,
            )
        finally:
            os.close(output)
            os.close(error)
        # The loop reaps all children itself; an unset return code would make the object do it behind its
        # back.
        process.returncode = 0
        if self.frozen:
            self.send(process.pid, signal.SIGSTOP)
        return process.pid

    def _listened_for(self, unit: Unit) -> tuple[int, ...]:
        """The descriptor that its socket listens on, where it has one that does."""
        listener = self._socket_of(unit)
        return (listener.descriptor,) if listener and listener.state == "active" else ()

    def _socket_of(self, unit: Unit) -> Listener | None:
        return self.sockets.get(unit.name.removesuffix(".service") + ".socket")

    def _outputs(self, unit: Unit) -> tuple[int, int]:
        """Descriptors for the standard output and error of a process of the unit."""
        output = self._stream(unit, unit.output)
        try:
            return output, os.dup(output) if unit.error is None else self._stream(unit, unit.error)
        except OSError:
            os.close(output)
            raise

    def _stream(self, unit: Unit, path: str) -> int:
        if not path:
            return self.journal.open(unit.name)
        file = self.root.inside(path)
        if not file.parent.is_dir():
            raise OSError(errno.ENOENT, f"there is no folder for append:{path}; systemd makes none")
        return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def said_elsewhere(self, unit: Unit) -> str:
        """The last words of a unit that has a log of its own, for who would look for them in the journal."""
        words = last_words(self.root.inside(unit.error or unit.output)) if unit.error or unit.output else ""
        return f"; its last words:\n{words}" if words else ""

    def failed(self, unit: Unit) -> None:
        # systemd.socket(5): a service that must not be started any more takes its socket with it.
        if listener := self._socket_of(unit):
            listener.stop(lambda _problem: None)
        for name in unit.on_failure:
            try:
                self.service(name).start(lambda _problem: None)
            except UnitError as error:
                self.note(unit.name, str(error))

    def members(self, invocation: str) -> tuple[int, ...]:
        return processes.carrying({"INVOCATION_ID": invocation})

    def send(self, pid: int, number: signal.Signals) -> None:
        processes.send(pid, number)

    def freeze(self, frozen: bool) -> None:
        """Stop every process where it is (what it listens on still accepts), or let all go on."""
        self.frozen = frozen
        for service in self.services.values():
            for pid in service.group.members():
                self.send(pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    # --- the loop ---

    def on_readable(self, descriptor: int, action: Callable[[], None]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, action)

    def forget(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)

    def on_signal(self, number: signal.Signals, action: Callable[[], None]) -> None:
        self._signals[number] = action
        signal.signal(number, lambda *_: None)

    def run(self, after_each: Callable[[], bool]) -> None:
        """Wait and act until `after_each`, asked after every turn, says that it is enough."""
        wake, written = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        self.on_signal(signal.SIGCHLD, self._reap)
        self.on_readable(wake, lambda: self._signalled(os.read(wake, 4096)))
        # What was started before anybody listened may have ended before, too.
        self._reap()
        while not after_each():
            while self._timers and not self._timers[0][2]:
                heapq.heappop(self._timers)
            wait = max(0.0, self._timers[0][0] - self.clock()) if self._timers else None
            for key, _ in self._selector.select(wait):
                key.data()
            while self._timers and self._timers[0][0] <= self.clock():
                for action in heapq.heappop(self._timers)[2]:
                    action()

    def _signalled(self, numbers: bytes) -> None:
        for number in sorted(set(numbers)):
            if number in self._signals:
                self._signals[number]()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for service in list(self.services.values()):
                service.reaped(pid, status)
