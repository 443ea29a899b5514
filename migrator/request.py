"""What a run is asked to do: one JSON document on stdin. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from migrator.errors import RequestError

Task = Literal["migrate", "contract", "status"]
TASKS: tuple[Task, ...] = ("migrate", "contract", "status")

RELEASE_ID = re.compile(r"[0-9a-f]{8}")
ROLE = re.compile(r"app_[0-9a-f]{8}")


@dataclass(frozen=True)
class Database:
    """Where the database is. `ca` is the file that its certificate is verified with; without it the
    connection is encrypted only where the server offers that.
    """

    host: str
    port: int
    name: str
    master_secret: str
    ca: str = ""


@dataclass(frozen=True)
class Login:
    """The release's own database login: the secret that keeps its password, and the role's name."""

    secret: str
    role: str


@dataclass(frozen=True)
class Limits:
    """How long anything may take.

    `lock_timeout_ms` bounds one wait for a lock that the application queues behind; such a statement is tried
    `attempts` times. `patience` (s) bounds the waits that nobody queues behind: those of CREATE INDEX
    CONCURRENTLY and its kind. `sessions` (s) is how long an old release's sessions may take to end.
    `deadline` (s) is for the run as a whole.
    """

    lock_timeout_ms: int = 200
    attempts: int = 40
    deadline: float = 1800.0
    patience: float = 600.0
    sessions: float = 30.0


@dataclass(frozen=True)
class Request:
    """One run. `revisions` are the ids that shall be applied when it is over, in order. `keep` are the releases
    whose logins stay, `fence` those whose sessions must be gone before a contract.
    """

    do: Task
    region: str
    release: str
    version: str
    by: str
    database: Database
    login: Login | None = None
    keep: tuple[str, ...] = ()
    fence: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


def parse(text: str) -> Request:
    """The request in `text`. Unknown fields are ignored: a newer release may say more. Raises RequestError."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _unusable("a JSON document on stdin", str(error)) from None
    given = _Fields(document, "")
    do = given.text("do")
    if do not in TASKS:
        raise _unusable(f"'do' is one of {', '.join(TASKS)}", repr(do))
    database = _Fields(given.value("database"), "database.")
    request = Request(
        do=do,
        region=given.text("region"),
        release=given.text("release"),
        version=given.text("version", ""),
        by=given.text("by", ""),
        database=Database(
            host=database.text("host"),
            port=int(database.number("port", 5432)),
            name=database.text("name"),
            master_secret=database.text("master_secret"),
            ca=database.text("ca", ""),
        ),
        login=_login(given.value("login", None)),
        keep=given.texts("keep"),
        fence=given.texts("fence"),
        revisions=given.texts("revisions"),
        limits=_limits(_Fields(given.value("limits", {}), "limits.")),
    )
    for release in (request.release, *request.keep, *request.fence):
        if not RELEASE_ID.fullmatch(release):
            raise _unusable("a release id of 8 hexadecimal digits", repr(release))
    if request.release in request.fence:
        raise _unusable("a release that isn't fenced against itself", f"fence: {', '.join(request.fence)}")
    return request


class _Fields:
    """A mapping's fields, each read as what it must be."""

    def __init__(self, given: object, path: str) -> None:
        if not isinstance(given, Mapping):
            raise _unusable(f"{path.rstrip('.') or 'the request'} is a mapping", type(given).__name__)
        self._given = given
        self._path = path

    def value(self, name: str, *default: object) -> Any:
        if name in self._given:
            return self._given[name]
        if default:
            return default[0]
        raise _unusable(f"the field {self._path}{name}", f"only: {', '.join(sorted(map(str, self._given)))}")

    def text(self, name: str, *default: str) -> str:
        value = self.value(name, *default)
        if not isinstance(value, str):
            raise _unusable(f"{self._path}{name} is a text", type(value).__name__)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.value(name, ())
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise _unusable(f"{self._path}{name} is a list of texts", type(value).__name__)
        if not all(isinstance(one, str) for one in value):
            raise _unusable(f"{self._path}{name} is a list of texts", "something else in it")
        return tuple(value)

    def number(self, name: str, default: float) -> float:
        value = self.value(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise _unusable(f"{self._path}{name} is a number above 0", repr(value))
        return float(value)


def _login(given: object) -> Login | None:
    if given is None:
        return None
    fields = _Fields(given, "login.")
    login = Login(secret=fields.text("secret"), role=fields.text("role"))
    if not ROLE.fullmatch(login.role):
        raise _unusable("login.role is 'app_' and a release id", repr(login.role))
    return login


def _limits(fields: _Fields) -> Limits:
    default = Limits()
    return Limits(
        lock_timeout_ms=max(1, int(fields.number("lock_timeout_ms", default.lock_timeout_ms))),
        attempts=max(1, int(fields.number("attempts", default.attempts))),
        deadline=fields.number("deadline", default.deadline),
        patience=fields.number("patience", default.patience),
        sessions=fields.number("sessions", default.sessions),
    )


def _unusable(expected: str, seen: str) -> RequestError:
    return RequestError(
        "the migrator's request cannot be used",
        expected=expected,
        seen=seen,
        state="nothing was run; whatever serves goes on",
        next="release build with this checkout, under another version, and deploy that",
    )
