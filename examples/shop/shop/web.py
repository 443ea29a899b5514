"""The shop's web process: pages, health, slow work and uploads."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shop.counter import Counter
from shop.database import open_database
from shop.jobs import open_jobs
from shop.look import Look
from shop.orders import Orders
from shop.sessions import open_sessions

LONGEST_WORK = 20.0
"""Seconds; less than `drain_seconds` in release.toml, or a stop would cut it."""

KEEP_ALIVE = 75
"""Seconds; more than the balancer's idle time-out of 60, or it would reuse a connection while we close it."""

GRACE = 28
"""Seconds to finish requests after SIGTERM, within `drain_seconds`."""


def application(release: str, version: str, look: Look, counter: Counter) -> Starlette:
    """The shop as an ASGI application: one release of one version, with the look of that version.

    Its health says whether this process can serve, and asks neither database nor cache: what all instances share must
    not have all of them replaced.
    """
    page = look.page(version, release)
    failures = look.failures()

    async def front(_: Request) -> Response:
        if next(failures):
            return PlainTextResponse("the till is stuck\n", status_code=500)
        return HTMLResponse(page)

    async def health(_: Request) -> Response:
        return JSONResponse({"release": release, "version": version}, status_code=look.health_status)

    async def work(request: Request) -> Response:
        try:
            seconds = float(request.query_params.get("seconds", "1"))
        except ValueError:
            return PlainTextResponse("seconds is a number, as in /work?seconds=3\n", status_code=400)
        if not 0 <= seconds <= LONGEST_WORK:
            return PlainTextResponse(f"seconds is from 0 to {LONGEST_WORK:g}\n", status_code=400)
        await asyncio.sleep(seconds)
        return JSONResponse({"release": release, "worked": seconds})

    async def upload(request: Request) -> Response:
        digest, length = hashlib.sha256(), 0
        async for chunk in request.stream():
            digest.update(chunk)
            length += len(chunk)
        return JSONResponse({"release": release, "length": length, "sha256": digest.hexdigest()})

    return Starlette(
        routes=[
            Route("/", front),
            Route("/healthz", health),
            Route("/work", work),
            Route("/upload", upload, methods=["POST"]),
            *counter.routes(),
        ]
    )


def main() -> None:
    """Serve on $HOST:$PORT, or on the socket that was handed over, until SIGTERM, then finish what has begun."""
    release = os.environ.get("RELEASE_ID", "none")
    version = os.environ.get("RELEASE_VERSION", "none")
    look, database = Look.read(), open_database(os.environ)
    orders = Orders(database, release, look.remark) if database else None
    counter = Counter(open_sessions(os.environ), orders, open_jobs(os.environ))
    config = uvicorn.Config(
        application(release, version, look, counter),
        host=os.environ.get("HOST", "0.0.0.0"),
        port=int(os.environ.get("PORT", "8080")),
        headers=[("x-release", release)],
        access_log=False,
        log_level="warning",
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    uvicorn.Server(config).run(sockets=listening())


def listening() -> list[socket.socket] | None:
    """What the instance listens on for this process (sd_listen_fds(3)): it outlives a crash. None where it does not."""
    handed = os.environ.get("LISTEN_PID") == str(os.getpid())
    return [socket.socket(fileno=3)] if handed else None


if __name__ == "__main__":
    main()
