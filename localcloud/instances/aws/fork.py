"""The fork of a call: becomes what a process would be that was started where the call was made, and runs
the command."""

from __future__ import annotations

import atexit
import locale
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

from localcloud.instances import processes
from localcloud.instances.aws.call import GO, RELAYED, STREAMS, TAKEN
from localcloud.instances.confinement import confine

_DATA_PATH = "AWS_DATA_PATH"


@dataclass(frozen=True)
class Asked:
    """What a caller tells. `streams` are those that it has; `here` and `descriptors` are descriptors of this process:
    the caller's folder, and the streams in their order.
    """

    confined: Path
    umask: int
    ignored: frozenset[int]
    streams: tuple[int, ...]
    arguments: tuple[str, ...]
    variables: dict[bytes, bytes]
    here: int
    descriptors: tuple[int, ...]


def received(connection: socket.socket) -> Asked:
    """Raises ConnectionError when the caller is gone before it has said all."""
    head, descriptors, _, _ = socket.recv_fds(connection, 8, 1 + len(STREAMS))
    length, whole = int.from_bytes(head, "big"), bytearray()
    while len(whole) < length or not descriptors:
        part = connection.recv(1 << 20)
        if not part:
            raise ConnectionError("the caller is gone")
        whole += part
    confined, umask, ignored, streams, count, *rest = bytes(whole).split(b"\0")
    arguments, variables = rest[: int(count)], rest[int(count) :]
    return Asked(
        Path(os.fsdecode(confined)),
        int(umask),
        frozenset(map(int, filter(None, ignored.split(b",")))),
        tuple(map(int, filter(None, streams.split(b",")))),
        tuple(map(os.fsdecode, arguments)),
        {name: value for name, _, value in (each.partition(b"=") for each in variables)},
        descriptors[0],
        tuple(descriptors[1:]),
    )


def run(connection: socket.socket, resident: int, command: Callable[[], object]) -> NoReturn:
    """Be the command of this call, and end as it does; never returns. `resident` is the pid of the parent."""
    status = 1
    try:
        os.setsid()
        processes.die_with_parent()
        if os.getppid() == resident:
            _become(received(connection))
            process = os.pidfd_open(os.getpid())
            socket.send_fds(connection, [TAKEN], [process])
            os.close(process)
            if connection.recv(len(GO)) != GO:
                raise ConnectionError("the caller is gone")
            connection.close()
            status = _ended(command)
    except ConnectionError:
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _become(asked: Asked) -> None:
    for stream in STREAMS:
        if stream in asked.streams:
            os.dup2(asked.descriptors[asked.streams.index(stream)], stream)
        else:
            os.close(stream)
    os.fchdir(asked.here)
    for descriptor in (asked.here, *asked.descriptors):
        os.close(descriptor)
    os.umask(asked.umask)
    for number in RELAYED:
        signal.signal(number, signal.SIG_IGN if number in asked.ignored else signal.SIG_DFL)
    if signal.SIGINT not in asked.ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    confine(asked.confined)
    _take_variables(asked.variables)
    sys.argv = ["aws", *asked.arguments]
    sys.stdin, sys.stdout, sys.stderr = (_text(stream, asked.streams) for stream in STREAMS)


def _take_variables(variables: dict[bytes, bytes]) -> None:
    # Its import has put the command line's own data there, behind what a caller has.
    own = os.environ.get(_DATA_PATH)
    os.environ.clear()
    os.environb.update(variables)
    if own:
        os.environ[_DATA_PATH] = os.pathsep.join(filter(None, (os.environ.get(_DATA_PATH), own)))
    time.tzset()
    try:
        chosen = locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        chosen = "C"
    if chosen in ("C", "POSIX"):
        # As an interpreter does at its start (PEP 538).
        os.environ["LC_CTYPE"] = locale.setlocale(locale.LC_CTYPE, "C.UTF-8")


def _text(stream: int, there: tuple[int, ...]) -> TextIO | None:
    """The stream as an interpreter opens it at its start."""
    if stream not in there:
        return None
    return open(
        stream,
        "r" if stream == 0 else "w",
        1 if stream == 2 or os.isatty(stream) else -1,
        locale.getencoding(),
        "backslashreplace" if stream == 2 else "strict",
        closefd=False,
    )


def _ended(command: Callable[[], object]) -> int:
    """Run the command; its exit status, as an interpreter finds it."""
    try:
        status = _number(command())
    except SystemExit as ended:
        status = _number(ended.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            status = 120
    return status


def _number(code: object) -> int:
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)
    return 1
