"""A command on the operations host, over SSH: its output comes as it is said, and it ends with whoever waits for it.

The host's key is pinned, and the key that it lets in stays in this process: asyncssh needs neither a file nor an agent
for it, which OpenSSH's client would.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncssh

from release.errors import CommandError, HostUnreachable

DIAL_SECONDS = 15
PAUSE = 1.0
ALIVE_SECONDS = 10
"""A host that says nothing for three times as long is gone."""

_CHUNK = 65536
_OUTPUT, _ERROR = 1, 2

Write = Callable[[int, bytes], None]
"""What was said: file descriptor (1 or 2) and bytes."""


@dataclass(frozen=True)
class Host:
    """Where the host is, `host_key` that it proves itself by (`ssh-ed25519 AAAA…`), and the key that it lets in."""

    host: str
    port: int
    user: str
    host_key: str
    key: str = field(repr=False)


def write_all(descriptor: int, data: bytes) -> None:
    """Hand on what was said."""
    while data:
        data = data[os.write(descriptor, data) :]


async def run(host: Host, program: str, order: str, write: Write = write_all) -> int:
    """Run `program`, told `order`, a line; its exit status, 128 and the signal's number where one ended it.

    Ctrl-C and SIGTERM are passed on to it. It is told to end when this process or the connection is gone. Raises
    CommandError where the host cannot be reached, or is lost meanwhile.
    """
    async with await _dialled(host) as connection:
        try:
            async with connection.create_process(program, encoding=None) as process:
                process.stdin.write(order.encode() + b"\n")
                with _Signals(process):
                    await asyncio.gather(
                        _copy(process.stdout, _OUTPUT, process, write),
                        _copy(process.stderr, _ERROR, process, write),
                    )
                    ended = await process.wait()
        except (OSError, asyncssh.Error) as error:
            raise _lost(host, str(error)) from error
    if ended.exit_signal:
        return 128 + signal.Signals[f"SIG{ended.exit_signal[0]}"]
    if ended.exit_status is None:
        raise _lost(host, "the connection was closed without an exit status")
    return ended.exit_status


class _Signals:
    """While entered: what this process is told is told to the remote one, as lines of its input."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes]) -> None:
        self._process = process

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number, word in ((signal.SIGINT, b"INT\n"), (signal.SIGTERM, b"TERM\n")):
            loop.add_signal_handler(number, self._tell, word)

    def _tell(self, word: bytes) -> None:
        # Its input may be closed: then it has been told to end already.
        with contextlib.suppress(OSError):
            self._process.stdin.write(word)

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)


async def _copy(
    said: asyncssh.SSHReader[bytes], descriptor: int, process: asyncssh.SSHClientProcess[bytes], write: Write
) -> None:
    while data := await said.read(_CHUNK):
        try:
            write(descriptor, data)
        except BrokenPipeError:
            # Nobody reads any more: it is told to end, and what it still says is dropped.
            process.stdin.write_eof()
            write = _drop


def _drop(_descriptor: int, _data: bytes) -> None:
    pass


async def _dialled(host: Host) -> asyncssh.SSHClientConnection:
    """A connection; a host that is still booting is asked again for a while."""
    until = time.monotonic() + DIAL_SECONDS
    while True:
        try:
            return await _dial(host)
        except asyncssh.HostKeyNotVerifiable as error:
            raise HostUnreachable(
                "what answers is not the operations host",
                expected=f"the host key of the stack's state at {host.host}:{host.port}",
                seen=str(error),
                state="nothing was run, and nothing was told to it",
                next="pulumi up --stack STACK, and if it is not that: somebody is in between",
            ) from error
        except (OSError, asyncssh.Error, TimeoutError) as error:
            if time.monotonic() + PAUSE > until:
                raise HostUnreachable(
                    "the operations host cannot be reached",
                    expected=f"an answer from {host.user}@{host.host}:{host.port} within {DIAL_SECONDS} s",
                    seen=str(error) or type(error).__name__,
                    state="nothing was run",
                    next="your address in uneventful:operations.allow, then pulumi up --stack STACK",
                ) from error
            await asyncio.sleep(PAUSE)


async def _dial(host: Host) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        host.host,
        port=host.port,
        username=host.user,
        client_keys=[asyncssh.import_private_key(host.key)],
        known_hosts=asyncssh.import_known_hosts(f"* {host.host_key}\n"),
        # Only what is said here counts: no file of the user's, no agent.
        config=None,
        agent_path=None,
        connect_timeout=DIAL_SECONDS,
        login_timeout=DIAL_SECONDS,
        keepalive_interval=ALIVE_SECONDS,
    )


def _lost(host: Host, why: str) -> CommandError:
    return HostUnreachable(
        "the connection to the operations host was lost while the command ran",
        expected=f"{host.host}:{host.port} to answer until it has ended",
        seen=why,
        state="the command is told to end as soon as the host notices",
        next="release history --stack STACK says how it ended",
    )
