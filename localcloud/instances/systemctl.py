"""`systemctl` on an instance: a request over the instance's own socket, answered by its first process.

As a program (`python systemctl.py FOLDER ARGUMENT…`, what the instance's shim runs) it needs nothing but the
standard library's sockets, so that it takes a fraction of the time that a Python program with imports takes.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.instances.listener import Listener
    from localcloud.instances.service import Service
    from localcloud.instances.supervisor import Supervisor

SOCKET = "systemctl.sock"
VERBS = (
    "start",
    "stop",
    "restart",
    "enable",
    "disable",
    "is-active",
    "is-enabled",
    "status",
    "show",
    "reset-failed",
    "daemon-reload",
)
OPTIONS = ("--now", "--quiet", "-q", "--no-pager", "--value", "--timestamp=unix")
PROPERTY = "--property="


class Request:
    """One command, from a connection that is readable now and then."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._read = b""
        self.arguments: list[str] = []

    def complete(self) -> bool:
        """Read what has come; whether the request is whole (or its sender gone)."""
        received = self._connection.recv(65536)
        self._read += received
        if self._read.endswith(b"\n"):
            self.arguments = json.loads(self._read)
        return bool(self.arguments) or not received

    def answer(self, status: int, text: str = "") -> None:
        try:
            self._connection.sendall(json.dumps([status, text]).encode())
        except OSError:
            return
        finally:
            self._connection.close()


def obey(request: Request, supervisor: Supervisor) -> None:
    """Do what was asked; the answer is sent when it is done, with systemctl's own exit status."""
    options = [a for a in request.arguments if a.startswith("-")]
    verb, *names = [a for a in request.arguments if not a.startswith("-")] or [""]
    refused = [o for o in options if o not in OPTIONS and not o.startswith(PROPERTY)]
    if verb not in VERBS or refused or bool(names) == (verb == "daemon-reload"):
        known = f"systemctl {{{'|'.join(VERBS)}}} [{'|'.join((*OPTIONS, PROPERTY))}] UNIT…"
        return request.answer(
            1, f"systemctl {' '.join(request.arguments)}: the local cloud knows only: {known}"
        )
    if verb == "daemon-reload":
        supervisor.reload()
        return request.answer(0)
    try:
        services = [supervisor.unit(name) for name in names]
        match verb:
            case "enable" | "disable":
                for name in names:
                    (supervisor.enable if verb == "enable" else supervisor.disable)(name)
                if "--now" not in options:
                    return request.answer(0)
                return _together(services, "start" if verb == "enable" else "stop", request)
            case "reset-failed":
                for service in services:
                    service.forget_failures()
                return request.answer(0)
            case "start" | "stop" | "restart":
                return _together(services, verb, request)
    except Exception as error:
        return request.answer(5 if "not found" in str(error) else 1, str(error))
    if verb == "show":
        asked = [name for o in options if o.startswith(PROPERTY) for name in o[len(PROPERTY) :].split(",")]
        return request.answer(0, _shown(services, asked, "--value" in options))
    if verb == "is-enabled":
        enabled = [service.unit.name in supervisor.enabled() for service in services]
        return request.answer(
            0 if all(enabled) else 1, "\n".join("enabled" if e else "disabled" for e in enabled)
        )
    active = all(service.state == "active" for service in services)
    states = "\n".join(service.state for service in services)
    if verb == "is-active":
        return request.answer(0 if active else 3, "" if {"-q", "--quiet"} & set(options) else states)
    return request.answer(0 if active else 3, "\n".join(_described(s, supervisor) for s in services))


def _together(services: Sequence[Service | Listener], verb: str, request: Request) -> None:
    """Start, stop or restart them all, and answer when the last one is done."""
    problems: list[str] = []

    def done(problem: str) -> None:
        problems.append(problem)
        if len(problems) == len(services):
            text = "\n".join(p for p in problems if p)
            request.answer(1 if text else 0, text)

    for service in services:
        {"start": service.start, "stop": service.stop, "restart": _restarting(service)}[verb](done)


def _restarting(service: Service | Listener) -> Callable[[Callable[[str], None]], None]:
    return lambda done: service.stop(lambda _problem: service.start(done))


def _shown(services: Sequence[Service | Listener], asked: list[str], values: bool) -> str:
    """Properties that are not known here are left out, as systemctl does."""
    lines = []
    for service in services:
        known = service.properties()
        lines += [v if values else f"{k}={v}" for k, v in known.items() if not asked or k in asked]
    return "\n".join(lines)


def _described(service: Service | Listener, supervisor: Supervisor) -> str:
    unit = service.unit
    main = service.properties().get("MainPID", "0")
    return (
        f"{unit.name} - {unit.description}\n    Active: {service.state}\n  Main PID: {main if main != '0' else '-'}\n\n"
        f"{supervisor.journal.last_words(unit.name)}"
    )


def main() -> int:
    os.chdir(sys.argv[1])
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(SOCKET)
        connection.sendall(json.dumps(sys.argv[2:] or ["status"]).encode() + b"\n")
        answer = b""
        while received := connection.recv(65536):
            answer += received
    status, text = json.loads(answer)
    if text:
        print(text, file=sys.stderr if status and "is-active" not in sys.argv else sys.stdout)
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
