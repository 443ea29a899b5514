"""What stands before moto: faults, and the promise that a change is on the data plane before its call is
answered."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Protocol

from localcloud.controlplane.asked import Asked, Environ, StartResponse, asked
from localcloud.controlplane.gate import Gate
from localcloud.controlplane.refusals import Refusal, failed, refusal, throttled
from localcloud.controlplane.repeats import Repeats
from localcloud.faults import FaultBoard

WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

MADE_REAL = frozenset({"ec2", "autoscaling", "elasticloadbalancing", "rds", "elasticache"})
"""Services whose state the local cloud carries out."""
LONG_POLLS = frozenset({"ReceiveMessage"})
"""Calls that may wait for long: nothing waits for them."""
UNREMARKABLE = LONG_POLLS | {"PutLogEvents", "PutMetricData"}
"""Changes that go on all the time, and are kept when others are."""
CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")


class HungUp(ConnectionResetError):
    """A call gets no answer, since a fault wants it so."""


class Follower(Protocol):
    def sync(self) -> None:
        """Carry out what the API holds now; returns when it is so."""


class Front:
    """A WSGI application around moto's."""

    def __init__(self, moto: WsgiApp, board: FaultBoard, follower: Follower, region: str) -> None:
        self._moto = moto
        self._board = board
        self._follower = follower
        self._region = region
        self._conditional = Lock()
        self._repeats = Repeats()
        self.gate = Gate()
        self.changes = 0
        """Counts on when something has changed that is worth keeping."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self._board.faults.api_unreachable:
            return _hang_up(environ)
        call = asked(environ)
        if _only_looks(call):
            return self._answered(call, environ, start_response)
        return self._repeats.once(call, environ, start_response, self._answered)

    def _answered(self, call: Asked, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        faults = self._board.faults
        if self._board.strikes(faults.api_throttle, call.service, call.action):
            return _refuse(throttled(call.protocol), environ, start_response)
        if self._board.strikes(faults.api_error, call.service, call.action):
            return _refuse(failed(call.protocol), environ, start_response)
        if call.service in MADE_REAL and call.region != self._region:
            return _refuse(self._elsewhere(call), environ, start_response)
        if _only_looks(call):
            return self._moto(environ, start_response)
        with self.gate.passing():
            answer = self._changed(call, environ, start_response)
        if call.action not in UNREMARKABLE:
            self.changes += 1
        return answer

    def _changed(self, call: Asked, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if call.service == "s3" and any(name in environ for name in CONDITIONS):
            # moto looks first and writes afterwards; between the two another request may write.
            with self._conditional:
                return self._moto(environ, start_response)
        answer = self._moto(environ, start_response)
        if call.service in MADE_REAL:
            self._follower.sync()
        return answer

    def _elsewhere(self, call: Asked) -> Refusal:
        return refusal(
            call.protocol,
            "UnsupportedOperation",
            f"the local cloud has one region, {self._region}; {call.service} was asked for in {call.region or 'none'}. "
            'Type: eval "$(localcloud env)"',
        )


def _only_looks(call: Asked) -> bool:
    return not call.changes or call.action in LONG_POLLS


def _refuse(said: Refusal, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response(said.status, [*said.headers, ("Content-Length", str(len(said.body)))])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else said.body]


def _hang_up(environ: Environ) -> Iterable[bytes]:
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise HungUp("api-unreachable")
