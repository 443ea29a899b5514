"""One session of an instance's SSH server: a command of the user's, with its streams on the connection."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass

import asyncssh

_OUTPUT, _ERROR = 1, 2


@dataclass(frozen=True)
class Account:
    """Who is logged on: what the command is started with. `shell` and `home` are paths of this machine."""

    shell: str
    home: str
    environment: Mapping[str, str]


class Session(asyncssh.SSHServerSession[bytes]):
    """Runs one command (or the shell, fed by the client) in a process group of its own.

    Bytes go through unchanged; what one side does not take holds the other one back. The client learns the exit
    status, or the signal, when both output streams are at their end. A client that goes away, or is lost, leaves the
    command running, as OpenSSH does without a terminal: its pipes are closed, and writing to them tells it.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._command: str | None = None
        self._starting: asyncio.Future[None] | None = None
        self._process: asyncio.SubprocessTransport | None = None
        self._early: list[bytes] = []
        """What came before the command was there; no more than a channel's window."""
        self._open = {_OUTPUT, _ERROR}
        self._ended = False
        self._at_end = False
        self._lost = False

    # --- the connection ---

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def session_started(self) -> None:
        assert self._channel is not None
        self._starting = asyncio.ensure_future(self._start(self._channel))

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:  # noqa: ARG002
        if self._process is None:
            self._early.append(data)
        elif pipe := self._process.get_pipe_transport(0):
            pipe.write(data)  # type: ignore[attr-defined]

    def eof_received(self) -> bool:
        self._at_end = True
        if self._process is not None and (pipe := self._process.get_pipe_transport(0)):
            pipe.close()
        return True

    def signal_received(self, signal: str) -> None:
        self._send(signal)

    def pause_writing(self) -> None:
        self._each_output("pause_reading")

    def resume_writing(self) -> None:
        self._each_output("resume_reading")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._lost = True
        if self._process is not None and not self._over():
            self._hang_up()

    # --- the command ---

    async def _start(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        account = self._account
        sent = {name: value for name, value in channel.get_environment().items() if _accepted(name)}
        words = [account.shell] if self._command is None else [account.shell, "-c", self._command]
        try:
            self._process, _ = await asyncio.get_running_loop().subprocess_exec(
                lambda: _Command(self),
                *words,
                env={**account.environment, **sent},
                cwd=account.home,
                start_new_session=True,
            )
        except OSError as error:
            if not self._lost:
                channel.write(f"{account.shell}: {error.strerror}\n".encode(), asyncssh.EXTENDED_DATA_STDERR)
                channel.exit(127)
            return
        early, self._early = self._early, []
        for data in early:
            self.data_received(data, None)
        if self._lost:
            self._hang_up()
        elif self._at_end:
            self.eof_received()

    def printed(self, descriptor: int, data: bytes) -> None:
        if self._channel is not None and not self._lost:
            with contextlib.suppress(BrokenPipeError):
                kind = asyncssh.EXTENDED_DATA_STDERR if descriptor == _ERROR else None
                self._channel.write(data, kind)

    def hold(self) -> None:
        """The command takes no input for now."""
        if self._channel is not None and not self._lost:
            self._channel.pause_reading()

    def let_go(self) -> None:
        """The command takes input again."""
        if self._channel is not None and not self._lost:
            # Not at once: a pipe that is closed while it tells that it is empty forgets what was written meanwhile.
            asyncio.get_running_loop().call_soon(self._channel.resume_reading)

    def closed(self, descriptor: int) -> None:
        self._open.discard(descriptor)
        self._tell()

    def exited(self) -> None:
        self._ended = True
        self._tell()

    def _tell(self) -> None:
        if not self._over() or self._lost or self._channel is None or self._process is None:
            return
        status = self._process.get_returncode() or 0
        if status < 0:
            self._channel.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
        else:
            self._channel.exit(status)
        self._process.close()

    def _over(self) -> bool:
        return self._ended and not self._open

    def _hang_up(self) -> None:
        # The pipes too: who writes on learns that nobody reads.
        for descriptor in (0, _OUTPUT, _ERROR):
            if self._process is not None and (pipe := self._process.get_pipe_transport(descriptor)):
                pipe.close()

    def _send(self, name: str) -> None:
        if self._process is None or f"SIG{name}" not in signal.Signals.__members__:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.get_pid(), signal.Signals[f"SIG{name}"])

    def _each_output(self, action: str) -> None:
        for descriptor in (_OUTPUT, _ERROR):
            if self._process is not None and (pipe := self._process.get_pipe_transport(descriptor)):
                getattr(pipe, action)()


class _Command(asyncio.SubprocessProtocol):
    """What the event loop tells of a command."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        assert isinstance(data, bytes)
        self._session.printed(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        if fd != 0:
            self._session.closed(fd)

    def process_exited(self) -> None:
        self._session.exited()

    def pause_writing(self) -> None:
        self._session.hold()

    def resume_writing(self) -> None:
        self._session.let_go()


def _accepted(name: str) -> bool:
    """What Amazon Linux's AcceptEnv lets through."""
    return name == "LANG" or name.startswith("LC_")
