"""The shop's connections to its database, as the instance's environment describes it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL

POOL = 5
"""Connections that one process keeps; a few more in a rush, and who waits longer than a moment is told so."""

PATIENCE = 5
"""Seconds for a connection, from the pool or to the server."""


def open_database(environment: Mapping[str, str]) -> Engine | None:
    """The database by DATABASE_HOST and its fellows, None where there is none. Connects when first used.

    The server's certificate is verified against DATABASE_CA; without it nothing is sent.
    """
    host = environment.get("DATABASE_HOST")
    if not host:
        return None
    trusted = ssl.create_default_context(cafile=environment["DATABASE_CA"])
    url = URL.create(
        "postgresql+pg8000",
        username=environment["DATABASE_USER"],
        password=environment["DATABASE_PASSWORD"],
        host=host,
        port=int(environment.get("DATABASE_PORT", "5432")),
        database=environment["DATABASE_NAME"],
    )
    return create_engine(
        url,
        connect_args={"ssl_context": trusted, "timeout": PATIENCE},
        pool_size=POOL,
        max_overflow=POOL,
        pool_timeout=PATIENCE,
        # A database that was restarted costs nobody an error.
        pool_pre_ping=True,
    )
