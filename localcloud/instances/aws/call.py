"""`aws` on an instance: `python call.py FOLDER CONFINED PYTHON ARGUMENT…`, what the instance's shim runs.

Has the resident process at the socket in FOLDER run AWS's command line with these arguments in this process's place: on
its streams, in its folder, with its variables, able to change only what is beneath CONFINED. Ends as that ends; whoever
ends this one ends that. Where nobody is at the socket, it becomes AWS's command line itself, run by PYTHON.

A program of its own with next to no imports, since its start is what each call costs.
"""

from __future__ import annotations

import os
import signal
import sys

# The standard library's `socket` takes longer to import than everything else here together.
from _socket import AF_UNIX, CMSG_SPACE, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET, socket

SOCKET = "aws.sock"
TAKEN, GO = b"t", b"g"
"""Said by the process that will run the command, with a descriptor of itself, and answered when all signals would reach
it: from then on the command may have done something."""
STATUS_BYTES = 4
STREAMS = (0, 1, 2)
RELAYED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGTERM,
    signal.SIGCONT,
)
LOST = 255
"""Exit status where the resident process was lost with the command: AWS's own for what failed otherwise."""


def open_streams() -> list[int]:
    found = []
    for descriptor in STREAMS:
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.append(descriptor)
    return found


def told(streams: list[int], confined: str, arguments: list[str]) -> bytes:
    """What the resident process is told, but for the descriptors: these streams, and the folder."""
    umask = os.umask(0o077)
    os.umask(umask)
    ignored = [number for number in RELAYED if signal.getsignal(number) is signal.SIG_IGN]
    head = (
        confined,
        str(umask),
        ",".join(str(int(number)) for number in ignored),
        ",".join(map(str, streams)),
        str(len(arguments)),
        *arguments,
    )
    variables = [b"%s=%s" % pair for pair in os.environb.items()]
    return b"\0".join((*map(os.fsencode, head), *variables))


def asked(connection: socket, folder: str, what: bytes, descriptors: list[int]) -> int | None:
    """A descriptor of the process that runs the command now; None where nobody does."""
    try:
        os.chdir(folder)
        # A short relative name: a path to it may be longer than the system allows.
        connection.connect(SOCKET)
        rights = b"".join(number.to_bytes(4, sys.byteorder) for number in descriptors)
        length = len(what).to_bytes(8, "big")
        connection.sendmsg([length], [(SOL_SOCKET, SCM_RIGHTS, rights)])
        connection.sendall(what)
        said, received, *_ = connection.recvmsg(len(TAKEN), CMSG_SPACE(4))
    except OSError:
        return None
    if said != TAKEN or not received:
        return None
    return int.from_bytes(received[0][2][:4], sys.byteorder)


def relay(process: int) -> None:
    """From now on what this process is sent goes to the other one."""

    def pass_on(number: int, _frame: object) -> None:
        try:
            signal.pidfd_send_signal(process, number)
        except ProcessLookupError:
            return

    for number in RELAYED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, pass_on)


def end_as(status: int) -> int:
    """The exit status; where it was a signal that ended the command, this process ends by it too."""
    if status < 0:
        if -status not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


def lost(streams: list[int]) -> int:
    if 2 in streams:
        os.write(2, b"aws: the local cloud's resident process ended, and this command with it\n")
    return LOST


def main() -> int:
    folder, confined, python, *arguments = sys.argv[1:]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    streams = open_streams()
    here = os.open(".", os.O_PATH)
    connection = socket(AF_UNIX, SOCK_STREAM)
    process = asked(connection, folder, told(streams, confined, arguments), [here, *streams])
    if process is None:
        os.fchdir(here)
        os.execv(python, [python, "-I", "-m", "awscli", *arguments])
    relay(process)
    try:
        connection.send(GO)
    except BrokenPipeError:
        return lost(streams)
    status = b""
    while len(status) < STATUS_BYTES:
        received = connection.recv(STATUS_BYTES - len(status))
        if not received:
            return lost(streams)
        status += received
    return end_as(int.from_bytes(status, "big", signed=True))


if __name__ == "__main__":
    sys.exit(main())
