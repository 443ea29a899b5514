"""Who may do what in the database.

`app_owner` owns what migrations make, and nobody logs in as it. `app_user` may read and write rows of all that, and
nothing else. Each release has a login of its own, `app_<id>`, in `app_user`: so its sessions can be counted, and it
can be told to stay out, without touching another's.
"""

from __future__ import annotations

import secrets as randomness
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import Connection, sql

from migrator.connection import Server
from migrator.progress import Progress
from migrator.request import ROLE, Login, Request
from migrator.secrets import Secrets

OWNER = "app_owner"
USER = "app_user"

_READY = """
SELECT count(*) = 2
   AND EXISTS (SELECT FROM pg_default_acl WHERE defaclrole = to_regrole('app_owner') AND defaclobjtype = 'n')
   AND bool_and(rolname <> 'app_owner' OR has_schema_privilege(oid, 'public', 'CREATE'))
   AND bool_and(rolname <> 'app_owner' OR pg_has_role(current_user, oid, 'MEMBER'))
FROM pg_roles WHERE rolname IN ('app_owner', 'app_user')
"""

_LOGINS = """
SELECT r.rolname, r.rolcanlogin, count(a.pid)
FROM pg_roles r LEFT JOIN pg_stat_activity a ON a.usename = r.rolname
WHERE r.rolname ~ '^app_[0-9a-f]{8}$'
GROUP BY 1, 2 ORDER BY 1
"""


@dataclass(frozen=True)
class ReleaseLogin:
    """A release's login as the database has it; `sessions` are those that it has now."""

    role: str
    open: bool
    sessions: int

    @property
    def release(self) -> str:
        """The id of its release."""
        return self.role.removeprefix("app_")


def role_of(release: str) -> str:
    """The login of a release."""
    return f"app_{release}"


def ensure_groups(connection: Connection[Any]) -> bool:
    """The two roles that all releases share, and their rights; whether anything had to be done."""
    found = connection.execute(_READY).fetchone()
    if found and found[0]:
        return False
    with connection.transaction():
        for role in (OWNER, USER):
            if connection.execute("SELECT to_regrole(%s)", (role,)).fetchone() == (None,):
                _run(connection, "CREATE ROLE {} NOLOGIN", role)
        _run(connection, "GRANT {} TO CURRENT_USER", OWNER)
        database = connection.info.dbname
        _run(connection, "GRANT CREATE, CONNECT ON DATABASE {} TO {}", database, OWNER)
        _run(connection, "GRANT CREATE, USAGE ON SCHEMA public TO {}", OWNER)
        _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", database, USER)
        _run(connection, "GRANT USAGE ON SCHEMA public TO {}", USER)
        for rights, objects in (
            ("SELECT, INSERT, UPDATE, DELETE", "TABLES"),
            ("USAGE, SELECT, UPDATE", "SEQUENCES"),
            ("EXECUTE", "FUNCTIONS"),
            ("USAGE", "TYPES"),
            ("USAGE", "SCHEMAS"),
        ):
            grant = f"ALTER DEFAULT PRIVILEGES FOR ROLE {{}} GRANT {rights} ON {objects} TO {{}}"
            _run(connection, grant, OWNER, USER)
    return True


def logins(connection: Connection[Any]) -> tuple[ReleaseLogin, ...]:
    """Every release's login, by name."""
    return tuple(ReleaseLogin(*row) for row in connection.execute(_LOGINS).fetchall())


def ensure_login(
    connection: Connection[Any], server: Server, secrets: Secrets, login: Login, tell: Progress
) -> None:
    """The release's login exists, is open, and its secret holds a password that it can log in with.

    One that works is left as it is: instances may be using it. Else a new password is made here, and known to
    the secret alone; the server is given its verifier, so that no log of statements can have it.
    """
    known = {one.role: one for one in logins(connection)}.get(login.role)
    if known and not known.open:
        open_login(connection, login.role)
        tell(f"login {login.role}: let in again")
    value = secrets.read(login.secret)
    if known and value and value.get("DATABASE_USER") == login.role:
        if server.lets_in(login.role, value.get("DATABASE_PASSWORD", "")):
            return
        tell(f"login {login.role}: its secret's password does not work, making another")
    password = randomness.token_urlsafe(32)
    verifier = connection.pgconn.encrypt_password(
        password.encode(), login.role.encode(), b"scram-sha-256"
    ).decode()
    with connection.transaction():
        if known is None:
            _run(connection, "CREATE ROLE {} NOLOGIN IN ROLE {}", login.role, USER)
            # Whose queries a session runs is shown to members of its role only.
            _run(connection, "GRANT {} TO CURRENT_USER", login.role)
        statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(login.role), sql.Literal(verifier)))
    secrets.write(login.secret, {"DATABASE_USER": login.role, "DATABASE_PASSWORD": password})
    tell(f"login {login.role}: {'made' if known is None else 'has a new password'}")


def tidy_logins(connection: Connection[Any], request: Request, tell: Progress) -> None:
    """Logins of releases that are kept are open; the others are closed, and dropped once they have no session.

    A request that names none to keep closes none.
    """
    if not request.keep:
        return
    kept = {role_of(release) for release in (*request.keep, request.release)}
    for login in logins(connection):
        if login.role in kept:
            if not login.open:
                open_login(connection, login.role)
                tell(f"login {login.role}: let in again")
            continue
        if login.open:
            close_login(connection, login.role)
        if login.sessions:
            count = "1 session is" if login.sessions == 1 else f"{login.sessions} sessions are"
            tell(f"login {login.role}: closed, and dropped later: {count} left")
        else:
            _drop(connection, login.role, tell)


def open_login(connection: Connection[Any], role: str) -> None:
    """The login may log in."""
    _run(connection, "ALTER ROLE {} LOGIN", _checked(role))


def close_login(connection: Connection[Any], role: str) -> None:
    """The login may not log in; its sessions go on."""
    _run(connection, "ALTER ROLE {} NOLOGIN", _checked(role))


def _drop(connection: Connection[Any], role: str, tell: Progress) -> None:
    try:
        _run(connection, "DROP ROLE {}", _checked(role))
    except psycopg.errors.DependentObjectsStillExist:
        tell(f"login {role}: closed, and not dropped: objects in the database belong to it")
    else:
        tell(f"login {role}: dropped")


def _checked(role: str) -> str:
    assert ROLE.fullmatch(role), role
    return role


def _run(connection: Connection[Any], statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
