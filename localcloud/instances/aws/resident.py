"""The resident process: `python -m localcloud.instances.aws.resident DESCRIPTOR`, a socket that listens.

It has imported AWS's command line, and forks for each call (`call.py`). What runs in the fork is what
`python -m awscli` would have run where the call was made: with the caller's variables alone, and nothing of an earlier
call. A fork is killed when its caller is gone, and when this process is.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

from localcloud.instances.aws.call import STATUS_BYTES
from localcloud.instances.aws.fork import run

SERVICES = ("autoscaling", "s3", "secretsmanager", "sqs")
"""What a release's instances ask. Everything else works too, and begins later."""


class _Call:
    """A fork at work for a caller. `process` is a descriptor of the fork."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.connection = connection
        self.process = os.pidfd_open(pid)
        self._pid = pid

    def kill(self) -> None:
        # What it has started is of its process group, once it has one.
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                kill(self._pid, signal.SIGKILL)

    def tell_end(self) -> None:
        """The fork has ended: tell its caller how."""
        status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        with contextlib.suppress(OSError):
            self.connection.sendall(status.to_bytes(STATUS_BYTES, "big", signed=True))
        self.forget()

    def forget(self) -> None:
        self.connection.close()
        os.close(self.process)


class Resident:
    """Answers calls at a listening socket; `command` is what a fork runs, with `sys.argv` and all else set."""

    def __init__(self, listening: socket.socket, command: Callable[[], object]) -> None:
        self._listening, self._command = listening, command
        self._poll = select.poll()
        self._calls: set[_Call] = set()
        self._actions: dict[int, Callable[[], None]] = {}

    def serve(self) -> NoReturn:
        self._on(self._listening.fileno(), select.POLLIN, self._take)
        while True:
            for descriptor, _ in self._poll.poll():
                # An earlier one of the same turn may have ended it.
                self._actions.get(descriptor, bool)()

    def _take(self) -> None:
        try:
            connection, _ = self._listening.accept()
            resident, pid = os.getpid(), os.fork()
        except OSError as error:
            # The caller sees a connection that ends, and does without.
            print(f"aws: {error}", file=sys.stderr, flush=True)
            return
        if not pid:
            self._listening.close()
            for other in self._calls:
                other.forget()
            run(connection, resident, self._command)
        call = _Call(connection, pid)
        self._calls.add(call)
        self._on(call.process, select.POLLIN, lambda: self._ended(call))
        # Of the connection only its end is of interest: what the caller has to say is for the fork.
        self._on(connection.fileno(), 0, lambda: self._deserted(call))

    def _deserted(self, call: _Call) -> None:
        self._off(call.connection.fileno())
        call.kill()

    def _ended(self, call: _Call) -> None:
        self._off(call.connection.fileno())
        self._off(call.process)
        self._calls.remove(call)
        call.tell_end()

    def _on(self, descriptor: int, events: int, action: Callable[[], None]) -> None:
        self._poll.register(descriptor, events)
        self._actions[descriptor] = action

    def _off(self, descriptor: int) -> None:
        if self._actions.pop(descriptor, None):
            self._poll.unregister(descriptor)


def prepared() -> Callable[[], object]:
    """AWS's command line, with all imported that a call would import first."""
    import botocore.session
    import s3transfer.manager  # noqa: F401
    from awscli import clidriver

    clidriver.create_clidriver()
    for service in SERVICES:
        botocore.session.Session().create_client(
            service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
    command: Callable[[], object] = clidriver.main
    return command


def main() -> None:
    command = prepared()
    # Never collected: what forks do not touch, they share.
    gc.collect()
    gc.freeze()
    Resident(socket.socket(fileno=int(sys.argv[1])), command).serve()


if __name__ == "__main__":
    main()
