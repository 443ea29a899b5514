"""What an application's folder says about itself: `Procfile` and `release.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from release.errors import BundleError
from release.model import (
    PATH_PATTERN,
    PROCESS_PATTERN,
    WEB,
    Cpu,
    DrainSeconds,
    HealthPath,
    Memory,
    Port,
    Process,
)
from release.timetable import Timetable

PROCFILE = "Procfile"
OPTIONS = "release.toml"

RESERVED_PROCESSES = ("release", "console", "boot", "turn", "gone", "usage", "operations")
"""Names that other platforms, an instance itself or its logs give a meaning of their own."""

EXAMPLE = """\
port = 8080              # where web listens, at $HOST
drain_seconds = 30       # what a process may take to finish after SIGTERM
[health]
path = "/healthz"        # answers 200 when web can serve
[build]
command = "make vendor"  # optional: runs in a copy of the folder before it is packed
[migrations]
path = "migrations"      # optional: the folder with the database's revisions
[smoke]
command = "./smoke"      # optional: tries this release against a database, DATABASE_URL, before another goes there
[processes.worker]       # optional: what a process of the Procfile may use of its instance
memory = "512M"          # it is ended, and started again, when it needs more
cpu = "50%"              # of one processor
[api]
openapi = "openapi.json" # optional: a release that would break who calls the live one is refused
[processes.web]          # optional
socket = true            # systemd listens and hands web the socket as descriptor 3, so that a crash turns nobody away
[[schedules]]            # optional, as many as needed; or rate = "5 minutes"
name = "nightly"
cron = "0 3 * * ? *"     # minute, hour, day of the month, month, day of the week, year
timezone = "Europe/Berlin"
queue = "jobs"           # or, in place of these two, command = "python3 -m myapplication.tidy"
message = '{"do": "tidy"}'"""


class Health(BaseModel):
    """`[health]`: how an instance is asked whether it can serve."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[
        HealthPath, Field(description="what web answers with 200 and its release id when it can serve")
    ] = "/healthz"


class Build(BaseModel):
    """`[build]`: what puts the dependencies into the folder. Runs with `sh` in a copy of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: Annotated[
        str, StringConstraints(min_length=1), Field(description="a line for the shell; must end with 0")
    ]


class Migrations(BaseModel):
    """`[migrations]`: where the revisions of the database's schema are, a folder inside the application's.

    `allow` is a revision -> a rule of the linter -> the reason: for a revision that ran already, whose file must stay
    as it is. In any other the reason belongs into the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[
        str,
        StringConstraints(pattern=PATH_PATTERN),
        Field(description="the folder with the migrations, relative to this file"),
    ]
    allow: Annotated[
        dict[str, dict[str, Annotated[str, StringConstraints(min_length=1)]]],
        Field(description="revision, rule of the linter, reason: what a file that ran already is allowed"),
    ] = Field(default_factory=dict)


class Api(BaseModel):
    """`[api]`: what the clients of the application may rely on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    openapi: Annotated[
        str,
        StringConstraints(pattern=PATH_PATTERN),
        Field(description="the OpenAPI 3 document, JSON or YAML, relative to this file, as it is packed"),
    ]


class Smoke(BaseModel):
    """`[smoke]`: what shows in a moment that this release works with the database that DATABASE_URL names.

    Runs with `sh` in the application's folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: Annotated[
        str, StringConstraints(min_length=1), Field(description="a line for the shell; 0 means that it works")
    ]


class Limits(BaseModel):
    """`[processes.NAME]`: what one process may use of its instance at most, as systemd writes it, and whether systemd
    listens for it, which is for `web` alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory: Annotated[
        Memory, Field(description="what it may use, 512M or 2G; it is started again when it needs more")
    ] = ""
    cpu: Annotated[Cpu, Field(description="of one processor: 50%, or 200% for two")] = ""
    socket: Annotated[
        bool,
        Field(description="true: systemd listens, and hands the socket to web; a crash turns nobody away"),
    ] = False


class Options(BaseModel):
    """`release.toml`, all of it optional."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    port: Annotated[Port, Field(description="where web listens, at $HOST")] = 8080
    drain_seconds: Annotated[
        DrainSeconds, Field(description="seconds that a process may take to finish after SIGTERM")
    ] = 30
    health: Health = Health()
    build: Build | None = None
    migrations: Migrations | None = None
    smoke: Smoke | None = None
    api: Api | None = None
    processes: dict[str, Limits] = Field(default_factory=dict)
    schedules: Timetable = Field(default_factory=list)


def read_options(folder: Path) -> Options:
    """The folder's `release.toml`, or the defaults where there is none.

    Raises BundleError for what isn't TOML, for a key that doesn't exist and for a value out of its range.
    """
    path = folder / OPTIONS
    if not path.exists():
        return Options()
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Options.model_validate(values)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unusable(path, f"{error}") from None
    except ValidationError as error:
        raise _unusable(path, "\n".join(_told(dict(each)) for each in error.errors())) from None


def read_processes(folder: Path, limits: Mapping[str, Limits] = MappingProxyType({})) -> tuple[Process, ...]:
    """The lines of the folder's `Procfile`, in their order, each with its limits; one of them is `web`.

    Raises BundleError where there is no such file, no such line, one that cannot become a systemd unit, and for limits
    of a process that there is not.
    """
    path = folder / PROCFILE
    if not path.is_file():
        raise BundleError(
            f"{folder} holds no {PROCFILE}, so nothing says how to start it",
            expected=f"a file {path} with a line for each kind of process",
            seen=_contents(folder),
            state="nothing was built",
            next=f"echo 'web: python3 -m myapplication' > {path}",
        )
    processes: dict[str, Process] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        process = _parse_line(path, number, text)
        if process.name in processes:
            raise _bad_line(path, number, text, f"a name once; {process.name} has a line already")
        processes[process.name] = process
    if WEB not in processes:
        raise BundleError(
            f"{path} has no line that begins with 'web:'",
            expected="one process named web: it is the one that gets traffic, on $HOST:$PORT",
            seen=", ".join(processes) or "no process at all",
            state="nothing was built",
            next=f"echo 'web: python3 -m myapplication' >> {path}",
        )
    if unknown := sorted(set(limits) - set(processes)):
        raise _unusable(
            folder / OPTIONS, f"[processes.{unknown[0]}], while {PROCFILE} has {', '.join(processes)}"
        )
    if deaf := sorted(name for name, limit in limits.items() if limit.socket and name != WEB):
        raise _unusable(folder / OPTIONS, f"[processes.{deaf[0]}] has a socket, while only {WEB} listens")
    return tuple(
        Process(
            name=each.name,
            command=each.command,
            memory=limit.memory,
            cpu=limit.cpu,
            socket=limit.socket,
        )
        for each in processes.values()
        for limit in [limits.get(each.name, Limits())]
    )


def _parse_line(path: Path, number: int, text: str) -> Process:
    name, colon, command = (part.strip() for part in text.partition(":"))
    if not colon or not command:
        raise _bad_line(path, number, text, "NAME: COMMAND")
    if name in RESERVED_PROCESSES:
        raise _bad_line(
            path, number, text, f"any name but {', '.join(RESERVED_PROCESSES)}: these are reserved"
        )
    if not re.fullmatch(PROCESS_PATTERN, name):
        raise _bad_line(path, number, text, "a name of lower-case letters, digits and dashes, at most 32")
    return Process(name=name, command=command)


def _bad_line(path: Path, number: int, text: str, expected: str) -> BundleError:
    return BundleError(
        f"line {number} of {path} cannot be used",
        expected=expected,
        seen=text,
        state="nothing was built",
        next=f"edit {path}; a line reads like this: web: python3 -m myapplication",
    )


def _unusable(path: Path, seen: str) -> BundleError:
    return BundleError(
        f"{path} cannot be used",
        expected=f"only these keys, with values like these:\n{EXAMPLE}",
        seen=seen,
        state="nothing was built",
        next=f"edit {path}",
    )


def _told(error: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{key}, which is no key of this file"
    return f"{key} = {error['input']!r}: {error['msg']}"


def _contents(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir())
    return (
        ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "") or "an empty folder"
    )
