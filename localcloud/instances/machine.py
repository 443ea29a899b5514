"""The first process of one instance: runs the user data's script, then watches over the units.

Started by `local.LocalInstances` as `python -m localcloud.instances.machine FOLDER`, in a session of its own,
with the standard library only. It reads orders from its standard input, one word a line, and writes what has
become of the instance to its standard output, one JSON object a line (`Report`), whenever that changes:

    stop     end the services, each with its own stop time-out, then this process
    freeze   every process of the services is stopped where it is; `thaw` lets them go on

When its standard input ends, the local cloud is gone: everything is killed at once.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from localcloud.instances import processes
from localcloud.instances.confinement import confine
from localcloud.instances.journal import Journal
from localcloud.instances.root import Root
from localcloud.instances.service import Service
from localcloud.instances.shutdown import stop_all, stop_seconds
from localcloud.instances.supervisor import Supervisor
from localcloud.instances.systemctl import SOCKET, Request, obey
from localcloud.instances.unit import INFINITY, Command, Unit, UnitError

CLOUD_INIT = "cloud-init"
"""The name of the user data's own journal."""


class Machine:
    def __init__(self, folder: Path, orders: int, reports: int) -> None:
        plan = json.loads((folder / "machine.json").read_text())
        self.supervisor = Supervisor(Root(folder / "root"), Journal(folder / "log"), plan["environment"])
        self._script: str = plan["script"]
        self._refused: str = plan["refused"]
        self._orders, self._reports = orders, reports
        self._unread = b""
        self._state, self._detail = "booting", ""
        self._over = False
        self._reported: dict[str, Any] = {}

    def run(self) -> None:
        """Boot, and stay until told to stop."""
        processes.adopt_orphans()
        supervisor = self.supervisor
        supervisor.on_readable(self._orders, self._read_orders)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            supervisor.on_signal(number, self._stop)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            Path(SOCKET).unlink(missing_ok=True)
            listening.bind(SOCKET)
            listening.listen()
            supervisor.on_readable(listening.fileno(), lambda: self._accept(listening))
            self._boot()
            supervisor.run(self._turn_over)

    def _boot(self) -> None:
        for name in self.supervisor.enabled():
            try:
                self.supervisor.unit(name).start(lambda _problem: None)
            except UnitError as error:
                self.supervisor.note(CLOUD_INIT, str(error))
        if self._refused:
            self.supervisor.note(CLOUD_INIT, self._refused)
            self._booted(self._refused)
        elif self._script:
            command = Command(words=(self._script,), expanded=False)
            unit = Unit(
                name=CLOUD_INIT, type="oneshot", start=(command,), start_seconds=INFINITY, stop_seconds=5.0
            )
            service = self.supervisor.services[CLOUD_INIT] = Service(unit, self.supervisor)
            service.start(self._script_ended)
        else:
            self._booted("")

    def _script_ended(self, problem: str) -> None:
        if problem:
            outcome = self.supervisor.services[CLOUD_INIT].outcome
            words = self.supervisor.journal.last_words(CLOUD_INIT)
            problem = (
                f"the user data's script ended: {outcome}; expected exit status 0. Its last words:\n{words}"
            )
        self._booted(problem)

    def _booted(self, problem: str) -> None:
        self._state, self._detail = ("failed", problem) if problem else ("running", "")

    def _read_orders(self) -> None:
        read = os.read(self._orders, 4096)
        if not read:
            return self._kill()
        *lines, self._unread = (self._unread + read).split(b"\n")
        for order in lines:
            match order:
                case b"stop":
                    self._stop()
                case b"freeze" | b"thaw":
                    self.supervisor.freeze(order == b"freeze")
        return None

    def _stop(self) -> None:
        self.supervisor.frozen = False
        stop_all(self.supervisor.running(), self._end)

    def _kill(self) -> None:
        for service in self.supervisor.services.values():
            service.kill()
        self._end()

    def _end(self) -> None:
        self._over = True

    def _accept(self, listening: socket.socket) -> None:
        connection, _ = listening.accept()
        request = Request(connection)

        def readable() -> None:
            if request.complete():
                self.supervisor.forget(connection.fileno())
                obey(request, self.supervisor)

        self.supervisor.on_readable(connection.fileno(), readable)

    def _turn_over(self) -> bool:
        services = {name: s for name, s in self.supervisor.services.items() if name != CLOUD_INIT}
        failed = [
            f"{name} has failed: {s.outcome}{self.supervisor.said_elsewhere(s.unit)}"
            for name, s in services.items()
            if s.state == "failed"
        ]
        report = {
            "state": self._state,
            "detail": "\n".join([*([self._detail] if self._detail else []), *failed]),
            "pids": [pid for service in self.supervisor.services.values() for pid in service.group.pids()],
            "stop_seconds": min(stop_seconds(self.supervisor.running()), 3600.0),
        }
        if report != self._reported:
            self._reported = report
            try:
                os.write(self._reports, json.dumps(report).encode() + b"\n")
            except BrokenPipeError:
                self._kill()
        return self._over


def main() -> None:
    folder = Path(sys.argv[1])
    # A short relative name for the control socket: a path to it may be longer than the system allows.
    os.chdir(folder)
    orders, reports = os.dup(0), os.dup(1)
    log = Journal(folder / "log").open("machine")
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, standard in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, standard)
    if not confine(folder):
        print("this kernel cannot confine an instance to its folder: it could write elsewhere", flush=True)
    Machine(folder, orders, reports).run()


if __name__ == "__main__":
    main()
