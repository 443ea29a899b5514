"""One request and its answer on a raw socket: sent once, never again, and told apart by how it ended."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

from localcloud.load.answer import Answer, NotHttp
from localcloud.load.request import Request

READ_BYTES = 256 * 1024
CLOSED = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)

Done = Callable[["Exchange", str], None]
"""Called once with how it ended: "" when a whole answer is there, else the kind of failure."""


def connect(address: str, port: int) -> socket.socket:
    """A socket that is connecting, without waiting. Raises OSError."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        code = opened.connect_ex((address, port))
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, errno.errorcode.get(code, str(code)))
    except OSError:
        opened.close()
        raise
    return opened


class Exchange:
    """Raw sockets on asyncio's loop rather than its streams: a third of their time for each fresh
    connection."""

    __slots__ = (
        "_done", "_loop", "_over", "_rest", "_socket", "_writing",
        "answer", "due", "kept", "request", "reused",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        opened: socket.socket,
        request: Request,
        due: float,
        kept: bool,
        reused: bool,
        done: Done,
    ) -> None:
        self.request = request
        self.due = due
        self.kept = kept
        self.reused = reused
        self.answer = Answer()
        self._loop = loop
        self._socket = opened
        self._rest = memoryview(request.kept if kept else request.once)
        self._done = done
        self._over = False
        self._writing = False

    def start(self) -> None:
        """Send what can be sent now; the rest happens on the loop."""
        self._send()
        if not self._over:
            self._loop.add_reader(self._socket, self._receive)

    def expire(self) -> None:
        """Its time is over: ends it as a time-out, unless it has ended."""
        if not self._over:
            began = "" if len(self._rest) == 0 else " while sending"
            self._end(f"timeout{began}")

    def take_socket(self) -> socket.socket:
        """The connection of an exchange that ended well, for the next one."""
        return self._socket

    def _send(self) -> None:
        try:
            sent = self._socket.send(self._rest)
        except BlockingIOError:
            sent = 0
        except ConnectionRefusedError:
            return self._end("connection refused")
        except CLOSED:
            # The answer may already be there: a server may answer before it has read all of the request.
            return self._stop_sending()
        except OSError as error:
            return self._end(f"send: {errno.errorcode.get(error.errno or 0, error.errno)}")
        self._rest = self._rest[sent:]
        if len(self._rest) and not self._writing:
            self._writing = True
            self._loop.add_writer(self._socket, self._send)
        elif not len(self._rest):
            self._stop_sending()
        return None

    def _stop_sending(self) -> None:
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._socket)

    def _receive(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return None
        except ConnectionRefusedError:
            return self._end("connection refused")
        except OSError:
            return self._end(self._lost("reset"))
        if not data:
            return self._end("" if self.answer.ended() else self._lost("closed"))
        try:
            if self.answer.feed(data):
                self._end("")
        except NotHttp:
            self._end("not HTTP")

    def _lost(self, how: str) -> str:
        if self.answer.begun:
            return f"{how} in mid-answer"
        return f"{how} on reuse" if self.reused else f"{how} before answer"

    def _end(self, failure: str) -> None:
        self._over = True
        self._stop_sending()
        self._loop.remove_reader(self._socket)
        if failure or not (self.kept and self.answer.reusable and not len(self._rest)):
            self._socket.close()
            self.kept = False
        self._done(self, failure)
