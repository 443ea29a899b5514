"""What a PostgreSQL client says before anything else, as a pure function of the bytes it sent.

Source: PostgreSQL 18, "Message Formats" (SSLRequest, GSSENCRequest, CancelRequest, StartupMessage,
ErrorResponse) and "Message Flow".
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
LARGEST = 10_000
"""The server's own limit for a startup packet, in bytes."""

Kind = Literal["more", "ssl", "gss", "cancel", "startup", "wrong"]


@dataclass(frozen=True)
class Greeting:
    """`more`: the packet is not yet complete. `length`: the packet's bytes. `said`: a startup's parameters."""

    kind: Kind
    length: int = 0
    said: Mapping[str, str] = field(default_factory=dict)


def greeting(received: bytes) -> Greeting:
    """The first packet of what a client sent so far."""
    if len(received) < 8:
        return Greeting("more")
    length, code = struct.unpack("!II", received[:8])
    if not 8 <= length <= LARGEST:
        return Greeting("wrong")
    if len(received) < length:
        return Greeting("more")
    if code == SSL_REQUEST:
        return Greeting("ssl", length)
    if code == GSS_REQUEST:
        return Greeting("gss", length)
    if code == CANCEL_REQUEST:
        return Greeting("cancel", length)
    words = received[8:length].split(b"\0")
    pairs = zip(words[::2], words[1::2], strict=False)
    return Greeting("startup", length, {_text(name): _text(value) for name, value in pairs if name})


def refusal(host: str, said: Mapping[str, str]) -> bytes:
    """What RDS answers a startup in clear text when `rds.force_ssl` is 1."""
    user = said.get("user", "")
    database = said.get("database", user)
    message = f'no pg_hba.conf entry for host "{host}", user "{user}", database "{database}", no encryption'
    fields = {"S": "FATAL", "V": "FATAL", "C": "28000", "M": message}
    body = b"".join(f"{name}{value}".encode() + b"\0" for name, value in fields.items()) + b"\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body


def _text(held: bytes) -> str:
    return held.decode(errors="replace")
