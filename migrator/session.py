"""The session that runs statements, and holds the migrators' lock as long as it lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection, sql

from migrator import lock, roles
from migrator.connection import Server, Sleep, is_lost
from migrator.errors import StatementError
from migrator.progress import Clock, Deadline, Progress
from migrator.waits import Watch


class Session:
    """Opened with the lock in its hands. `renew()` after it was lost does the same again, and by that knows that the
    former session is over: whatever it committed can be read now, and nothing more will come.
    """

    connection: Connection[Any]

    def __init__(
        self, server: Server, deadline: Deadline, tell: Progress, sleep: Sleep, clock: Clock
    ) -> None:
        self._server = server
        self._sleep = sleep
        self.deadline = deadline
        self.tell = tell
        self.sleep = sleep
        self.clock = clock
        self.watch = Watch(lambda: server.connect("watch"), clock)
        self.renew()

    def renew(self) -> None:
        """A new connection, with the lock. Raises DatabaseError or LockHeld when the time is over."""
        while True:
            self.connection = self._server.connect_patiently("run", self.deadline, self.tell)
            try:
                lock.acquire(self.connection, self.deadline, self.tell, self._sleep)
            except psycopg.Error as error:
                if not is_lost(self.connection, error) or self.deadline.over:
                    raise
            else:
                return

    def close(self) -> None:
        """Ends the watch and the session, and with it the lock."""
        self.watch.close()
        self.connection.close()

    @property
    def pid(self) -> int:
        """The server's number of this session."""
        return self.connection.info.backend_pid

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """A transaction of which the first part, inside the `with`, is done as the application's owner.

        For use inside an open transaction: afterwards it is the master user's again, who writes the ledger.
        """
        self.connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(roles.OWNER)))
        yield
        self.connection.execute("SET LOCAL ROLE NONE")

    @contextmanager
    def owner_outside(self, lock_timeout_ms: int) -> Iterator[None]:
        """The application's owner, outside a transaction, waiting for locks as long as that."""
        self.connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(roles.OWNER)))
        self.connection.execute(f"SET lock_timeout = {int(lock_timeout_ms)}".encode())
        try:
            yield
        finally:
            if not self.connection.closed:
                self.connection.execute("RESET lock_timeout")
                self.connection.execute("RESET ROLE")

    def forget_settings(self) -> None:
        """What a revision has set for the session ends with the revision."""
        self.connection.execute("RESET ALL")

    def check_lock(self, revision: str) -> None:
        """Raises StatementError where a revision let the lock go, before anything of it is committed."""
        if not lock.is_held(self.connection):
            raise StatementError(
                f"{revision} has released the migrators' lock",
                expected="no pg_advisory_unlock_all() in a revision",
                seen="the lock is gone",
                state="what this statement did is rolled back where it had a transaction",
                next="change the file, and build the version again",
            )
