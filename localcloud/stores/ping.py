"""Whether a Valkey server answers at its endpoint: one question in its protocol (RESP), TLS and token included.

Without a client library: loading one takes half a second of every start of the local cloud.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from pathlib import Path

SECONDS = 5.0


def refused(address: str, port: int, token: str, authority: Path | None) -> str:
    """Why it does not answer, empty when it does. `authority` None asks in clear text."""
    asked = (_command("AUTH", token) if token else b"") + _command("PING")
    try:
        with contextlib.ExitStack() as held:
            connection = held.enter_context(socket.create_connection((address, port), timeout=SECONDS))
            if authority is not None:
                tls = ssl.create_default_context(cafile=str(authority))
                connection = held.enter_context(tls.wrap_socket(connection, server_hostname=address))
            connection.sendall(asked)
            return _said(connection)
    except OSError as failed:
        return str(failed)


def _said(connection: socket.socket) -> str:
    answer = b""
    while not answer.endswith(b"+PONG\r\n"):
        received = connection.recv(4096)
        answer += received
        if not received or (answer.startswith(b"-") and answer.endswith(b"\r\n")):
            return answer.decode(errors="replace").strip() or "the connection was closed"
    return ""


def _command(*words: str) -> bytes:
    parts = [f"*{len(words)}\r\n".encode()]
    parts += [f"${len(word.encode())}\r\n{word}\r\n".encode() for word in words]
    return b"".join(parts)
