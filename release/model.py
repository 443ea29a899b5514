"""What goes live: a bundle's manifest, and the release that freezes it together with its variables."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from infra.prefixes import BUNDLES, DOCUMENTS
from infra.variables import NAME_PATTERN, RESERVED_VARIABLES
from release.errors import SettingsError

VERSION_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"
"""A version is a label that people type: it is also part of an object's key in the bucket."""

PROCESS_PATTERN = r"^[a-z][a-z0-9-]{0,31}$"
"""A process's name becomes part of a systemd unit's name."""

PATH_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"
"""A path inside an application's folder."""

WEB = "web"
"""The one process that gets traffic."""

SECRETS_PATTERN = r"^([A-Za-z0-9-]{32,64})?$"
"""A version id as Secrets Manager has them (its API Reference, "ClientRequestToken"), or nothing."""

REVISION_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.]{0,63}$"
"""What Alembic takes for a revision's id, and a command line and a log line can hold."""

HealthPath = Annotated[str, StringConstraints(pattern=r"^/[^\s?#\"]*$", max_length=128)]
Port = Annotated[int, Field(ge=1024, le=65535)]
Memory = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{0,5}[MG])?$")]
Cpu = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{0,4}%)?$")]
DrainSeconds = Annotated[int, Field(ge=1, le=3600)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Process(_Frozen):
    """One line of the Procfile: `name: command`, the command as a shell reads it.

    `memory` is what its instance gives it at most (512M, 2G), `cpu` how much of one processor (50%, 200%); empty: all.
    With `socket`, which only `web` may have, systemd listens for it and hands the socket over (sd_listen_fds(3)): while
    it is started again, connections wait in place of being refused.
    """

    name: Annotated[str, StringConstraints(pattern=PROCESS_PATTERN)]
    command: Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\r\n\x00]+$")]
    memory: Memory = ""
    cpu: Cpu = ""
    socket: bool = False


class Migration(_Frozen):
    """One step of the database's schema, as the bundle holds it.

    `expand` is one that the former code and this release's can both live with, `contract` one that only this release's
    can, `backfill` one that fills in data. `checksum` is the sha256 of its file in hex, `down` the revision that it
    follows: empty for the first.
    """

    revision: Annotated[str, StringConstraints(pattern=REVISION_PATTERN)]
    kind: Literal["expand", "contract", "backfill"]
    checksum: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    down: str = ""


class Allowed(_Frozen):
    """A rule of the linter that a migration breaks on purpose: the application's own reason, shown in each plan."""

    revision: Annotated[str, StringConstraints(pattern=REVISION_PATTERN)]
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"{self.revision} breaks the rule {self.rule}: {self.reason}"


class Schedule(_Frozen):
    """When the release has something done: `expression` is EventBridge Scheduler's, `cron(…)` or `rate(…)`, in
    `timezone`. Either `message` is sent to `queue`, or `command` runs on the operations host.
    """

    name: Annotated[str, StringConstraints(pattern=PROCESS_PATTERN)]
    expression: Annotated[str, StringConstraints(pattern=r"^(cron|rate)\([^()]+\)$")]
    timezone: str = "UTC"
    queue: str = ""
    message: str = ""
    command: str = ""

    @model_validator(mode="after")
    def _one_target(self) -> Schedule:
        if bool(self.queue) == bool(self.command) or bool(self.queue) != bool(self.message):
            raise ValueError("expected a queue with its message, or a command")
        return self

    def __str__(self) -> str:
        zone = "" if self.timezone == "UTC" else f" in {self.timezone}"
        does = f"to the queue {self.queue}: {self.message}" if self.queue else f"runs {self.command}"
        return f"{self.expression}{zone}, {does}"


class OpenApi(_Frozen):
    """The OpenAPI document of a bundle: its path in there, and the sha256 of its bytes in hex."""

    path: Annotated[str, StringConstraints(pattern=PATH_PATTERN)]
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    @property
    def key(self) -> str:
        """What it is called in the bucket."""
        return f"{DOCUMENTS}{self.digest}"


class Manifest(_Frozen):
    """What is known about a bundle without opening it.

    `digest` is the sha256 of the `.tar.gz` in hex and `size` its length in bytes. `port` is where `web`
    listens, `health_path` what answers 200 there when it can serve, `drain_seconds` how long a process may
    take to finish after SIGTERM. There is exactly one process named `web`, and no name occurs twice.
    `migrations` are those of the bundle, oldest first; none occurs twice. `allowed` are the exceptions that
    they ask for. `schedules` are sorted by name; none occurs twice. `openapi` is what clients may rely on, where the
    application says it.
    """

    version: Annotated[str, StringConstraints(pattern=VERSION_PATTERN)]
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=1)]
    processes: tuple[Process, ...]
    health_path: HealthPath = "/healthz"
    port: Port = 8080
    drain_seconds: DrainSeconds = 30
    migrations: tuple[Migration, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    openapi: OpenApi | None = None

    @field_validator("processes")
    @classmethod
    def _one_web(cls, processes: tuple[Process, ...]) -> tuple[Process, ...]:
        names = [process.name for process in processes]
        if names.count(WEB) != 1 or len(set(names)) != len(names):
            raise ValueError(f"expected one 'web' and no name twice, seen {names}")
        return processes

    @field_validator("migrations")
    @classmethod
    def _each_once(cls, migrations: tuple[Migration, ...]) -> tuple[Migration, ...]:
        revisions = [migration.revision for migration in migrations]
        if len(set(revisions)) != len(revisions):
            raise ValueError(f"expected no revision twice, seen {revisions}")
        return migrations

    @field_validator("schedules")
    @classmethod
    def _sorted_once(cls, schedules: tuple[Schedule, ...]) -> tuple[Schedule, ...]:
        names = [schedule.name for schedule in schedules]
        if len(set(names)) != len(names):
            raise ValueError(f"expected no schedule twice, seen {names}")
        return tuple(sorted(schedules, key=lambda schedule: schedule.name))

    @property
    def workers(self) -> tuple[Process, ...]:
        """Every process but `web`, in the Procfile's order."""
        return tuple(process for process in self.processes if process.name != WEB)

    @property
    def key(self) -> str:
        """What the bundle is called in the bucket."""
        return f"{BUNDLES}{self.digest}.tar.gz"


class Release(_Frozen):
    """A manifest and its variables, frozen under an id that stands for every word of them.

    `variables` are the plain ones. `secrets` is the version id of the environment's secret ones: a name, not a value.
    Made by `freeze`. A release that was read back is refused when its id is not the one of its words, so
    a ledger that was edited by hand cannot bring up something else under a known id.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]
    version: str
    manifest: Manifest
    variables: dict[str, str] = Field(default_factory=dict)
    secrets: Annotated[str, StringConstraints(pattern=SECRETS_PATTERN)] = ""

    @model_validator(mode="after")
    def _id_stands_for_words(self) -> Release:
        if self.version != self.manifest.version:
            raise ValueError(
                f"release of version {self.version} holds the manifest of {self.manifest.version}"
            )
        if self.id != _identify(self.manifest, self.variables, self.secrets):
            raise ValueError(f"the words of release {self.id} were changed: their id is another one")
        return self

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return f"version {self.version} ({self.id})"


def freeze(manifest: Manifest, variables: Mapping[str, str], secrets: str = "") -> Release:
    """The release that is this bundle with these variables; the same words always give the same id.

    `secrets` is the version id of the environment's secret variables, empty for none.

    Raises SettingsError for a variable that an instance sets itself, or that no shell could read.
    """
    for name, value in variables.items():
        if name in RESERVED_VARIABLES:
            raise SettingsError(
                f"the variable {name} cannot be set: every instance sets it itself",
                expected=f"any name but {', '.join(RESERVED_VARIABLES)}",
                seen=f"{name}={value}",
                state="nothing was changed",
                next="remove it from the stack's variables",
            )
        if not re.fullmatch(NAME_PATTERN, name) or "\0" in value:
            raise SettingsError(
                f"the variable {name!r} cannot be set in an environment",
                expected="letters, digits and underscores, no digit first, and a value without NUL",
                seen=f"{name!r}",
                state="nothing was changed",
                next="rename it in the stack's variables",
            )
    return Release(
        id=_identify(manifest, variables, secrets),
        version=manifest.version,
        manifest=manifest,
        variables=dict(sorted(variables.items())),
        secrets=secrets,
    )


def _identify(manifest: Manifest, variables: Mapping[str, str], secrets: str) -> str:
    # Named one by one: a field that a later manifest gains may join only where it is set, or every id in
    # every ledger would change under the releases that run.
    words: dict[str, object] = {
        "digest": manifest.digest,
        "drain_seconds": manifest.drain_seconds,
        "health_path": manifest.health_path,
        "port": manifest.port,
        "processes": [process.model_dump(exclude_defaults=True) for process in manifest.processes],
        "variables": dict(variables),
        "version": manifest.version,
    }
    if manifest.migrations:
        words["migrations"] = [migration.model_dump() for migration in manifest.migrations]
    if manifest.allowed:
        words["allowed"] = [allowed.model_dump() for allowed in manifest.allowed]
    if manifest.schedules:
        words["schedules"] = [schedule.model_dump() for schedule in manifest.schedules]
    if manifest.openapi:
        words["openapi"] = manifest.openapi.model_dump()
    if secrets:
        words["secrets"] = secrets
    canonical = json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]
