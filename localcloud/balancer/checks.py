"""One health check of one target, as its target group asks for it."""

from __future__ import annotations

import asyncio
import contextlib

from localcloud.balancer.clusters import statuses
from localcloud.balancer.health import FAILED, HEALTHY, TIMED_OUT, mismatch
from localcloud.parts import Endpoint, HealthCheck, TargetHealth


async def check(endpoint: Endpoint, wanted: HealthCheck) -> TargetHealth:
    """Ask once, on a fresh connection, within the check's own time-out. Never raises for what a target
    does."""
    address, port = endpoint
    try:
        status = await asyncio.wait_for(_status(address, wanted.port or port, wanted.path), wanted.timeout)
    except TimeoutError:
        return TIMED_OUT
    except (OSError, ValueError):
        return FAILED
    passes = any(low <= status < high for low, high in statuses(wanted.matcher))
    return HEALTHY if passes else mismatch(status)


async def _status(address: str, port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(
            f"GET {path} HTTP/1.1\r\nhost: {address}:{port}\r\n"
            "user-agent: ELB-HealthChecker/2.0\r\nconnection: close\r\n\r\n".encode()
        )
        version, _, rest = (await reader.readline()).decode("latin-1").partition(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError(f"expected an HTTP/1 answer, seen {version[:20]!r}")
        return int(rest[:3])
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
