"""Contracts: what only new code can live with runs when the old code is seen to be gone.

The ledger of releases says who is gone; here it is looked at. The logins of the old releases are told to stay
out, their sessions are counted, and one that is left stops the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import Connection

from migrator import ledger, roles
from migrator.connection import Sleep
from migrator.decision import Decision
from migrator.errors import DatabaseError, SessionsLeft
from migrator.progress import Progress
from migrator.request import Request
from migrator.roles import ReleaseLogin

POLL = 0.25

SETTLING = 1.0
"""Seconds between the two looks that must both find nobody: a session may be logging in during the first."""

_SESSIONS = """
SELECT usename, pid, application_name, coalesce(host(client_addr), 'local'), state,
       extract(epoch FROM clock_timestamp() - backend_start)::int
FROM pg_stat_activity WHERE usename = ANY(%s) ORDER BY backend_start
"""


def to_fence(request: Request, logins: Sequence[ReleaseLogin]) -> tuple[ReleaseLogin, ...]:
    """The logins that must have no session: those of the releases that are named, and of any other that is not kept."""
    kept = {request.release, *request.keep}
    return tuple(
        login
        for login in logins
        if login.release in request.fence or (request.keep and login.release not in kept)
    )


def fence(
    connection: Connection[Any], fenced: Sequence[ReleaseLogin], seconds: float, tell: Progress, sleep: Sleep
) -> None:
    """Nobody is in the database as one of them, and nobody can come. Raises SessionsLeft when one is left after
    `seconds`.
    """
    names = [login.role for login in fenced]
    for login in fenced:
        if login.open:
            roles.close_login(connection, login.role)
            tell(f"login {login.role}: told to stay out")
    waited, quiet = 0.0, 0.0
    while names and quiet < SETTLING:
        left = connection.execute(_SESSIONS, (names,)).fetchall()
        quiet = 0.0 if left else quiet + POLL
        if left and waited >= seconds:
            raise _sessions_left(left, seconds)
        sleep(POLL)
        waited += POLL
    tell(f"no session of {', '.join(names) or 'an older release'}")


def give_back(
    connect: Callable[[], Connection[Any]], decision: Decision, fenced: Sequence[ReleaseLogin], tell: Progress
) -> None:
    """After a contract that failed: those who were let in before it are let in again. They are not where a statement
    of it is in the database: their code was not written for that.
    """
    was_open = [login.role for login in fenced if login.open]
    if not was_open:
        return
    try:
        connection = connect()
        try:
            asked = {step.revision.revision for step in decision.steps}
            begun = [row.revision for row in ledger.read(connection) if row.revision in asked and row.touched]
            if begun:
                tell(f"{', '.join(was_open)}: still told to stay out, since {', '.join(begun)} has begun")
                return
            for role in was_open:
                roles.open_login(connection, role)
                tell(f"login {role}: let in again")
        finally:
            connection.close()
    except (psycopg.Error, DatabaseError) as error:
        tell(
            f"{', '.join(was_open)}: could not be let in again ({' '.join(str(error).split())}); "
            "the next run for a release that keeps them does it"
        )


def _sessions_left(left: Sequence[tuple[Any, ...]], seconds: float) -> SessionsLeft:
    named = [
        f"{user}: session {pid} ({application or 'without a name'}, from {client}, {state or 'state unknown'}, "
        f"for {age} s)"
        for user, pid, application, client, state, age in left
    ]
    more = f"\nand {len(named) - 10} more" if len(named) > 10 else ""
    return SessionsLeft(
        "a release that needs the old schema is still in the database",
        expected=f"none of its sessions after {seconds:.0f} s",
        seen="\n".join(named[:10]) + more,
        state="no contract has run; the schema and whatever serves are as before",
        next="see that the old release's instances are gone; then the same command again",
    )
