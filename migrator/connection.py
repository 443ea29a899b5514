"""Connections to the environment's database."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg import Connection

from migrator.errors import ConnectionLost, DatabaseError
from migrator.progress import Deadline, Progress
from migrator.request import Request

Sleep = Callable[[float], None]

CONNECT_TIMEOUT = 10
RETRY = 1.0
"""Seconds between two tries to connect; one in `TELL_EVERY` is told."""

TELL_EVERY = 15
_WITHOUT_HOPE = ("28", "3D", "42")


class Server:
    """The database of one request. `master()` gives the master user's name and password, asked for again when
    they no longer work: the service that keeps them changes them.
    """

    def __init__(
        self, request: Request, master: Callable[[], Mapping[str, str]], sleep: Sleep = time.sleep
    ) -> None:
        self._request = request
        self._master = master
        self._sleep = sleep
        self._known: Mapping[str, str] = {}

    def connect(self, purpose: str) -> Connection[Any]:
        """One connection of the master user, each statement its own transaction unless one is opened.

        The server ends the statement and the session of a client that is gone (looked for twice a second), one that
        sits in a transaction for a minute, and one that waits for a lock longer than the limit.
        Raises DatabaseError; ConnectionLost where trying again may help.
        """
        settings = {
            "lock_timeout": f"{self._request.limits.lock_timeout_ms}ms",
            "client_connection_check_interval": "500ms",
            "idle_in_transaction_session_timeout": "60s",
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            "statement_timeout": "0",
            "TimeZone": "UTC",
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        name = f"uneventful migrator {self._request.release} {purpose}"
        if self._known:
            try:
                return self._open(self._known["username"], self._known["password"], name, options)
            except ConnectionLost:
                raise
            except DatabaseError:
                self._known = {}
        self._known = self._master()
        return self._open(self._known["username"], self._known["password"], name, options)

    def connect_patiently(self, purpose: str, deadline: Deadline, tell: Progress) -> Connection[Any]:
        """The same, tried again until the deadline while the server is away, full or starting."""
        tries = 0
        while True:
            try:
                return self.connect(purpose)
            except ConnectionLost as error:
                if deadline.left() < RETRY:
                    raise
                if tries % TELL_EVERY == 0:
                    tell(f"the database does not answer, trying again: {error.seen}")
                tries += 1
                self._sleep(RETRY)

    def lets_in(self, user: str, password: str) -> bool:
        """Whether that user can log in with that password. Raises ConnectionLost where there is no telling."""
        try:
            self._open(user, password, "uneventful migrator login").close()
        except ConnectionLost:
            raise
        except DatabaseError:
            return False
        return True

    def _open(self, user: str, password: str, name: str, options: str = "") -> Connection[Any]:
        database = self._request.database
        try:
            return Connection.connect(
                host=database.host,
                port=database.port,
                dbname=database.name,
                user=user,
                password=password,
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=CONNECT_TIMEOUT,
                application_name=name[:63],
                options=options,
                sslmode="verify-full" if database.ca else "prefer",
                sslrootcert=database.ca or None,
            )
        except psycopg.OperationalError as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: psycopg.OperationalError) -> DatabaseError:
        said = str(error).strip()
        hopeless = (error.sqlstate or "").startswith(_WITHOUT_HOPE) or "authentication failed" in said
        hopeless = hopeless or "is not permitted to log in" in said or "certificate" in said
        database = self._request.database
        return (DatabaseError if hopeless else ConnectionLost)(
            "the database cannot be reached",
            expected=f"PostgreSQL at {database.host}:{database.port}, database {database.name}",
            seen=" ".join(said.split()),
            state="no migration is half done: the ledger in the database says which are applied",
            next="the same command again, once the database answers",
        )


def is_lost(connection: Connection[Any], error: BaseException) -> bool:
    """Whether the error is the connection's end rather than the statement's."""
    return isinstance(error, psycopg.OperationalError) and (connection.closed or connection.broken)
