"""What a command resource is given, read from Pulumi's properties into frozen values.

The names and the defaults are those of pulumi-command 1.2.1's SDK (`local.CommandArgs`, `remote.CommandArgs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Logging = Literal["stdout", "stderr", "stdoutAndStderr", "none"]
LOGGINGS: tuple[Logging, ...] = ("stdout", "stderr", "stdoutAndStderr", "none")

LOCAL = "command:local:Command"
REMOTE = "command:remote:Command"

_COMMON = (
    "create",
    "update",
    "delete",
    "environment",
    "logging",
    "stdin",
    "triggers",
    "addPreviousOutputInEnv",
)
_KNOWN = {LOCAL: (*_COMMON, "dir", "interpreter"), REMOTE: (*_COMMON, "connection")}
_ENDPOINT = (
    "host",
    "port",
    "user",
    "hostKey",
    "privateKey",
    "privateKeyPassword",
    "password",
    "agentSocketPath",
    "dialErrorLimit",
    "perDialTimeout",
)


@dataclass(frozen=True)
class Endpoint:
    """One SSH server and how to be let in. `per_dial_timeout` in seconds, 0 means no limit; `dial_error_limit` -1 means
    to try for ever; `host_key` in authorized-keys form, "" believes any host."""

    host: str
    port: int = 22
    user: str = "root"
    host_key: str = ""
    private_key: str = ""
    private_key_password: str = ""
    password: str = ""
    agent_socket_path: str = ""
    dial_error_limit: int = 10
    per_dial_timeout: int = 15


@dataclass(frozen=True)
class Command:
    """A command resource's inputs. `connection` is None for a local one, `proxy` for a direct connection."""

    create: str = ""
    update: str = ""
    delete: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    stdin: str | None = None
    logging: Logging = "stdoutAndStderr"
    previous_output: bool = True
    directory: str | None = None
    interpreter: tuple[str, ...] = ("/bin/sh", "-c")
    connection: Endpoint | None = None
    proxy: Endpoint | None = None

    @property
    def shows_stdout(self) -> bool:
        return self.logging in ("stdout", "stdoutAndStderr")

    @property
    def shows_stderr(self) -> bool:
        return self.logging in ("stderr", "stdoutAndStderr")

    @property
    def shown(self) -> frozenset[str]:
        """The streams whose lines are shown as they come."""
        wanted = {"stdout": self.shows_stdout, "stderr": self.shows_stderr}
        return frozenset(stream for stream, shows in wanted.items() if shows)


def faults(token: str, properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(property, reason) for all that this stand-in cannot carry or that is missing; empty when it can be run."""
    found = [
        (
            name,
            f"{name} is not carried by this stand-in for pulumi-command; leave it out or use the official plugin",
        )
        for name in properties
        if not name.startswith("__") and name not in _KNOWN[token]
    ]
    logging = properties.get("logging")
    if isinstance(logging, str) and logging not in LOGGINGS:
        found.append(("logging", f"expected one of {', '.join(LOGGINGS)}, got {logging!r}"))
    if token == REMOTE:
        connection = properties.get("connection")
        if connection is None:
            found.append(("connection", "a remote command needs a connection"))
        elif isinstance(connection, Mapping):
            found += _endpoint_faults("connection", connection)
    return found


def _endpoint_faults(path: str, properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    known = (*_ENDPOINT, "proxy") if path == "connection" else _ENDPOINT
    found = [
        (f"{path}.{name}", f"{name} is not an input of a {path}")
        for name in properties
        if not name.startswith("__") and name not in known
    ]
    if properties.get("host") is None:
        found.append((f"{path}.host", f"a {path} needs a host"))
    proxy = properties.get("proxy")
    if isinstance(proxy, Mapping):
        found += _endpoint_faults("proxy", proxy)
    return found


def parse(token: str, properties: Mapping[str, Any]) -> Command:
    """The inputs of a resource whose `faults` are none and whose values are all known."""
    connection = properties.get("connection") if token == REMOTE else None
    return Command(
        create=properties.get("create") or "",
        update=properties.get("update") or "",
        delete=properties.get("delete") or "",
        environment=tuple(sorted((str(k), str(v)) for k, v in (properties.get("environment") or {}).items())),
        stdin=properties.get("stdin"),
        logging=properties.get("logging") or "stdoutAndStderr",
        previous_output=properties.get("addPreviousOutputInEnv") is not False,
        directory=properties.get("dir"),
        interpreter=tuple(properties.get("interpreter") or ("/bin/sh", "-c")),
        connection=_endpoint(connection) if connection else None,
        proxy=_endpoint(connection["proxy"]) if connection and connection.get("proxy") else None,
    )


def _endpoint(properties: Mapping[str, Any]) -> Endpoint:
    def number(name: str, default: int) -> int:
        value = properties.get(name)
        return default if value is None else int(value)

    return Endpoint(
        host=str(properties["host"]),
        port=number("port", 22),
        user=properties.get("user") or "root",
        host_key=properties.get("hostKey") or "",
        private_key=properties.get("privateKey") or "",
        private_key_password=properties.get("privateKeyPassword") or "",
        password=properties.get("password") or "",
        agent_socket_path=properties.get("agentSocketPath") or "",
        dial_error_limit=number("dialErrorLimit", 10),
        per_dial_timeout=number("perDialTimeout", 15),
    )
