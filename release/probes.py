"""Probes: requests of our own, each on a fresh connection, answered by a release that says its name."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 2.0
_LARGEST_ANSWER = 65536


@dataclass(frozen=True)
class Answer:
    """What one probe saw. `release` is the id that the answer names, empty if none; `failure` is empty for a 200.

    A failure is one of `refused`, `unreachable`, `no connection in 2 s`, `no answer in 2 s`, `closed`, `not HTTP`,
    `no release named`, or the status, such as `503`. `seconds` includes the connection.
    """

    release: str
    failure: str
    seconds: float


class Probes(Protocol):
    """Whatever can send probes."""

    async def volley(self, count: int) -> tuple[Answer, ...]:
        """Send `count` probes at once, each on a connection of its own; never raises, lasts at most 6 s."""


class HttpProbes:
    """`Probes` that GET `url`, spread over all addresses of its host, with these headers added."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        named = {"Host": parts.netloc.rpartition("@")[2], **(headers or {})}
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
        lines += ["User-Agent: uneventful-probe", "Accept: application/json", "Connection: close", "", ""]
        self._request = "\r\n".join(lines).encode()

    async def volley(self, count: int) -> tuple[Answer, ...]:
        started = time.monotonic()
        try:
            # Not wait_for: before Python 3.12 it loses a cancel that comes together with the result.
            async with asyncio.timeout(TIMEOUT_SECONDS):
                addresses = await self._addresses()
        except (OSError, TimeoutError):
            return (Answer("", "unreachable", time.monotonic() - started),) * count
        turns = itertools.islice(itertools.cycle(addresses), count)
        return tuple(await asyncio.gather(*(self._probe(address) for address in turns)))

    async def _addresses(self) -> Sequence[str]:
        """Each node of a load balancer learns of a change by itself, so every one is asked."""
        found = await asyncio.get_running_loop().getaddrinfo(
            self._host, self._port, type=socket.SOCK_STREAM, family=socket.AF_UNSPEC
        )
        return sorted({str(entry[4][0]) for entry in found})

    async def _probe(self, address: str) -> Answer:
        started = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                reader, writer = await asyncio.open_connection(
                    address,
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._host if self._tls else None,
                    limit=_LARGEST_ANSWER,
                )
        except (OSError, TimeoutError) as error:
            return Answer("", _why_unconnected(error), time.monotonic() - started)
        try:
            writer.write(self._request)
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, body = await _read(reader)
        except TimeoutError:
            return Answer("", f"no answer in {TIMEOUT_SECONDS:.0f} s", time.monotonic() - started)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return Answer("", "closed", time.monotonic() - started)
        except ValueError:
            return Answer("", "not HTTP", time.monotonic() - started)
        finally:
            writer.transport.abort()
        release = _release(body)
        failure = str(status) if status != 200 else "" if release else "no release named"
        return Answer(release, failure, time.monotonic() - started)


def kinds(answers: Sequence[Answer]) -> str:
    """The failures among the answers by kind, most frequent first: `503 ×12, refused ×1`; empty without any."""
    failures = [answer.failure for answer in answers if answer.failure]
    counted = {kind: failures.count(kind) for kind in failures}
    return ", ".join(f"{kind} ×{number}" for kind, number in sorted(counted.items(), key=lambda x: -x[1]))


def _why_unconnected(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, TimeoutError):
        return f"no connection in {TIMEOUT_SECONDS:.0f} s"
    return "unreachable"


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of one HTTP/1.x answer, of a known length, chunked or ended by the connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    protocol, _, rest = first.partition(" ")
    if not protocol.startswith("HTTP/1."):
        raise ValueError(first)
    status = int(rest[:3])
    headers = {name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    if "content-length" in headers:
        return status, await reader.readexactly(min(int(headers["content-length"]), _LARGEST_ANSWER))
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return status, await _chunks(reader)
    return status, await reader.read(_LARGEST_ANSWER)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        if len(body) + size > _LARGEST_ANSWER:
            break
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    return body


def _release(body: bytes) -> str:
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    release = said.get("release") if isinstance(said, dict) else None
    return release if isinstance(release, str) else ""
