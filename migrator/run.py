"""The story of a run, from the request to the last line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import psycopg

from migrator import contract, ledger, roles
from migrator.connection import Server, Sleep, is_lost
from migrator.decision import Decision, decide
from migrator.errors import DatabaseError, MigratorError
from migrator.executor import Executor
from migrator.preparing import prepare
from migrator.progress import Clock, Deadline, Progress
from migrator.request import Request
from migrator.revisions import Bundle, load
from migrator.secrets import Secrets
from migrator.session import Session

LOSSES = 5
"""How many lost connections a run lives through: a statement that ends its server each time must come to an end."""


@dataclass(frozen=True)
class Surroundings:
    """What a run needs beside its request: where secrets are kept, where its lines go, and the time."""

    secrets: Secrets
    out: TextIO
    clock: Clock = time.monotonic
    sleep: Sleep = time.sleep


def run(bundle_folder: Path, request: Request, around: Surroundings) -> None:
    """Does what is asked. Raises MigratorError; returning means that it is done."""
    bundle = load(bundle_folder)
    tell = Progress(around.out, around.clock)
    server = Server(request, lambda: _present(around.secrets, request.database.master_secret), around.sleep)
    if request.do == "status":
        print(json.dumps(status(server), indent=1), file=around.out, flush=True)
        return
    deadline = Deadline(request.limits.deadline, around.clock)
    session = None
    try:
        session = Session(server, deadline, tell, around.sleep, around.clock)
        if request.do == "contract":
            run_contract(session, server, bundle, request)
        else:
            migrate(session, server, bundle, request, around)
    except psycopg.Error as error:
        raise unexpected(error) from error
    finally:
        if session is not None:
            session.close()


def status(server: Server) -> Mapping[str, Any]:
    """The ledger and the logins, as JSON's own types."""
    connection = server.connect("status")
    try:
        logins = [
            {"release": one.release, "role": one.role, "open": one.open, "sessions": one.sessions}
            for one in roles.logins(connection)
        ]
        return {"format": 1, "migrations": ledger.dump(ledger.read(connection)), "logins": logins}
    finally:
        connection.close()


def migrate(session: Session, server: Server, bundle: Bundle, request: Request, around: Surroundings) -> None:
    """The named revisions are applied, then the release's login is there and those that are not kept are not."""

    def go() -> None:
        if roles.ensure_groups(session.connection):
            session.tell("roles app_owner and app_user: made, with their rights")
        ledger.create(session.connection)
        apply(session, bundle, request, decided(session, bundle, request))
        if request.login is not None:
            roles.ensure_login(session.connection, server, around.secrets, request.login, session.tell)
        roles.tidy_logins(session.connection, request, session.tell)

    surviving(session, go)


def run_contract(session: Session, server: Server, bundle: Bundle, request: Request) -> None:
    """The named contracts are applied, and no session of a release that is not kept was there meanwhile. Raises, with
    the logins as they were, when such a session stays or a contract fails before it begins.
    """
    ledger.create(session.connection)
    first = decided(session, bundle, request)
    if not first.steps:
        return
    fenced = contract.to_fence(request, roles.logins(session.connection))

    def go() -> None:
        contract.fence(session.connection, fenced, request.limits.sessions, session.tell, session.sleep)
        apply(session, bundle, request, decide(bundle, request, ledger.read(session.connection)))

    try:
        surviving(session, go)
    except BaseException:
        contract.give_back(lambda: server.connect("fence"), first, fenced, session.tell)
        raise


def decided(session: Session, bundle: Bundle, request: Request) -> Decision:
    """What is to be done by what the ledger says now, and a line that tells it."""
    decision = decide(bundle, request, ledger.read(session.connection))
    announce(session.tell, decision, request)
    return decision


def apply(session: Session, bundle: Bundle, request: Request, decision: Decision) -> None:
    """Runs the decision's steps, each read and cut up before the first of them runs."""
    executor = Executor(session, request)
    works = [(prepare(bundle, step.revision), step.row) for step in decision.steps]
    for work, row in works:
        executor.run(work, row)


def announce(tell: Progress, decision: Decision, request: Request) -> None:
    """What will be done, in a line."""
    for note in decision.notes:
        tell(note)
    release = f"release {request.release}{f' ({request.version})' if request.version else ''}"
    if decision.steps:
        names = ", ".join(f"{step.revision.revision} ({step.revision.kind})" for step in decision.steps)
        tell(f"{release}: {len(decision.applied)} applied, to run: {names}")
    else:
        tell(f"{release}: nothing to do, {len(decision.applied)} revisions are applied")


def surviving(session: Session, go: Callable[[], None]) -> None:
    """Runs `go` again after a lost connection: the session that is gone is over by then, so what the ledger says is
    all that it did.
    """
    lost = False
    for _ in range(LOSSES):
        try:
            if lost:
                session.renew()
                _tell_what_is_true(session)
            go()
            return
        except psycopg.Error as error:
            if not is_lost(session.connection, error):
                raise unexpected(error) from error
            lost = True
            session.tell(f"the connection is lost ({' '.join(str(error).split())}); reading what came of it")
    raise DatabaseError(
        f"the connection was lost {LOSSES} times",
        expected="a server that lives through a revision",
        seen="see the lines above: the same statement each time?",
        state="the ledger in the database says what is applied",
        next="look into the server's log; then the same command again",
    )


def _tell_what_is_true(session: Session) -> None:
    for row in ledger.read(session.connection):
        if not row.applied:
            done = (
                f"{row.rows:,} rows"
                if row.kind == "backfill"
                else f"{row.statements_done} of {row.statements} statements"
            )
            session.tell(f"{row.revision}: {done} are in the database")
    session.tell("all that is not said to be in the database is rolled back; going on")


def unexpected(error: psycopg.Error) -> MigratorError:
    """For what PostgreSQL refuses beside the revisions' own statements."""
    return DatabaseError(
        "the database refused a statement of the migrator's own",
        expected="a master user that may create roles and schemas",
        seen=f"{error.diag.message_primary or ' '.join(str(error).split())} [{error.sqlstate}]",
        state="the ledger in the database says what is applied",
        next="give the master user that right; then the same command again",
    )


def _present(secrets: Secrets, secret: str) -> Mapping[str, str]:
    value = secrets.read(secret)
    if not value or not {"username", "password"} <= value.keys():
        raise DatabaseError(
            "the master user's secret has no user and password",
            expected="JSON with 'username' and 'password'",
            seen=f"{secret}: {', '.join(sorted(value or {})) or 'no value'}",
            state="nothing was run; whatever serves goes on",
            next="take back the secret's former version, then the same command again",
        )
    return value
