"""Where load goes: only to this machine, unless the user says whose host it is."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from localcloud.errors import CloudError


class LoadRefused(CloudError):
    """A URL that load cannot, or must not without a word from the user, be sent to."""


@dataclass(frozen=True)
class Destination:
    """A resolved URL: `authority` is the Host header, `path` includes the query."""

    authority: str
    address: str
    port: int
    path: str


def resolve(host: str) -> str:
    """The IPv4 address of a host name, by the system's resolver. Raises OSError."""
    return str(socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])


def destination(url: str, own_host: str = "", resolver: Callable[[str], str] = resolve) -> Destination:
    """Where requests for this URL go. A host outside this machine must be named by `own_host` as well.

    Raises LoadRefused for another scheme than http, an unknown host, or a host that is neither local nor
    named.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise LoadRefused(f"expected a URL such as http://127.0.0.1:8080/, seen {url!r}.")
    try:
        address = resolver(parts.hostname)
    except OSError as error:
        raise LoadRefused(f"the host {parts.hostname!r} has no address: {error}.") from error
    if not ipaddress.ip_address(address).is_loopback and own_host != parts.hostname:
        raise LoadRefused(
            f"{parts.hostname} is {address}, not this machine, and nothing was sent to it.",
            f"If the host is yours: add --host-i-own {parts.hostname}",
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.netloc.rpartition("@")[2], address, parts.port or 80, path)
