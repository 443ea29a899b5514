"""A systemd unit, a service or a socket, read into a value.

Guarantee: every directive is either obeyed, or on the list of those that make no difference on one machine
without root, or refused by name. Source: systemd.unit(5), systemd.service(5), systemd.exec(5),
systemd.kill(5).
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from localcloud.instances.harmless import HARMLESS
from localcloud.instances.quoting import QuotingError, assignment, specifiers, split_words

INFINITY = float("inf")


_CHOICES = {
    "Type": ("simple", "exec", "oneshot"),
    "Restart": ("no", "always", "on-success", "on-failure", "on-abnormal", "on-abort"),
    "KillMode": ("control-group", "mixed", "process"),
}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_UNITS = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec"), 0.001),
    **dict.fromkeys(("us", "usec"), 0.000001),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
}


_SECTIONS = {".socket": ("Unit", "Socket", "Install")}
"""What a unit of another kind than a service consists of."""


class UnitError(Exception):
    """A unit that cannot be run as systemd would run it; names the file, the directive and what was expected."""


@dataclass(frozen=True)
class Command:
    """One command line: the words are unquoted, variables not yet put in."""

    words: tuple[str, ...]
    failure_ignored: bool = False
    expanded: bool = True


@dataclass(frozen=True)
class Unit:
    """One service, or one socket. Times in seconds, with systemd's defaults."""

    name: str
    description: str = ""
    type: str = "simple"
    start_pre: tuple[Command, ...] = ()
    start: tuple[Command, ...] = ()
    stop_post: tuple[Command, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    environment_files: tuple[tuple[str, bool], ...] = ()
    """(path, whether it may be missing)"""
    working_directory: str = ""
    working_directory_optional: bool = False
    user: str = ""
    output: str = ""
    """The file that standard output is appended to; "" is the journal."""
    error: str | None = None
    """The same for standard error; None is wherever standard output goes."""
    restart: str = "no"
    restart_seconds: float = 0.1
    start_seconds: float = 90.0
    stop_seconds: float = 90.0
    kill_signal: signal.Signals = signal.SIGTERM
    kill_mode: str = "control-group"
    on_failure: tuple[str, ...] = ()
    """Units that are started when this one has failed for good."""
    memory_max: int = 0
    """Bytes; 0 is no limit."""
    limit_interval: float = 10.0
    limit_burst: int = 5
    success_statuses: frozenset[int] = field(default_factory=frozenset)
    remain_after_exit: bool = False
    wanted_by: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    """Units that are stopped only when this one has ended. Starts are in the order in which they are asked for."""
    listen: str = ""
    """Where a socket unit listens, ADDRESS:PORT."""


def parse_unit(text: str, name: str) -> Unit:
    """Read the unit file `name`; raises UnitError."""
    unit = Unit(name=name)
    for section, key, value in _assignments(text, name):
        try:
            # `%` is a number's own sign in what is not obeyed anyway.
            unit = _with(unit, section, key, value if key in HARMLESS[section] else specifiers(value, name))
        except QuotingError as error:
            raise UnitError(f"{name}: {key}= in [{section}]: {error}") from error
    if name.endswith(".socket"):
        if not unit.listen:
            raise UnitError(f"{name}: there is no ListenStream= in [Socket]")
        return unit
    if not unit.start:
        raise UnitError(f"{name}: there is no ExecStart= in [Service]")
    if len(unit.start) > 1 and unit.type != "oneshot":
        raise UnitError(
            f"{name}: {len(unit.start)} ExecStart= lines, but only Type=oneshot may have more than one"
        )
    if unit.type == "oneshot" and unit.restart in ("always", "on-success"):
        raise UnitError(f"{name}: Restart={unit.restart} is not allowed with Type=oneshot")
    return unit


def _assignments(text: str, name: str) -> Iterator[tuple[str, str, str]]:
    section = ""
    joined = re.sub(r"\\\n(?:[ \t]*[#;][^\n]*\n)*", " ", text)
    for line in (line.strip() for line in joined.splitlines()):
        if not line or line[0] in "#;":
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            if section not in (
                known := _SECTIONS.get(name[name.rfind(".") :], ("Unit", "Service", "Install"))
            ):
                raise UnitError(
                    f"{name}: section [{section}] is none of {', '.join(f'[{k}]' for k in known)}"
                )
            continue
        key, equals, value = line.partition("=")
        if not equals or not section:
            raise UnitError(f"{name}: {line!r} is neither [Section] nor Directive=value inside of one")
        yield section, key.strip(), value.strip()


def _with(unit: Unit, section: str, key: str, value: str) -> Unit:
    """`unit` with one directive obeyed. An empty value resets a list, as in systemd."""
    if key in HARMLESS[section]:
        return unit
    if section == "Service" and key in _CHOICES and value not in _CHOICES[key]:
        raise UnitError(
            f"{unit.name}: {key}={value} is not supported here; expected one of {', '.join(_CHOICES[key])}"
        )
    match section, key:
        case "Unit", "Description":
            return replace(unit, description=value)
        case "Unit", "After":
            return replace(unit, after=(*unit.after, *value.split()) if value else ())
        case "Socket", "ListenStream":
            if not re.fullmatch(r"[0-9.]+:[0-9]+", value) or unit.listen:
                raise UnitError(f"{unit.name}: {key}={value}: expected one ADDRESS:PORT")
            return replace(unit, listen=value)
        case "Unit", "OnFailure":
            return replace(unit, on_failure=(*unit.on_failure, *value.split()) if value else ())
        case "Unit", "StartLimitIntervalSec":
            return replace(unit, limit_interval=_seconds(unit, key, value))
        case "Unit", "StartLimitBurst":
            return replace(unit, limit_burst=_whole(unit, key, value))
        case "Install", "WantedBy":
            return replace(unit, wanted_by=(*unit.wanted_by, *value.split()) if value else ())
        case "Service", "Type":
            return replace(unit, type=value)
        case "Service", "ExecStart":
            return replace(unit, start=(*unit.start, _command(unit, key, value)) if value else ())
        case "Service", "ExecStartPre":
            return replace(unit, start_pre=(*unit.start_pre, _command(unit, key, value)) if value else ())
        case "Service", "ExecStopPost":
            return replace(unit, stop_post=(*unit.stop_post, _command(unit, key, value)) if value else ())
        case "Service", "Environment":
            pairs = tuple(assignment(word, key) for word in split_words(value))
            return replace(unit, environment=(*unit.environment, *pairs) if value else ())
        case "Service", "EnvironmentFile":
            entry = (_absolute(unit, key, value.removeprefix("-")), value.startswith("-"))
            return replace(unit, environment_files=(*unit.environment_files, entry) if value else ())
        case "Service", "WorkingDirectory":
            folder = _absolute(unit, key, value.removeprefix("-"))
            return replace(unit, working_directory=folder, working_directory_optional=value.startswith("-"))
        case "Service", "User":
            return replace(unit, user=value)
        case "Service", "Restart":
            return replace(unit, restart=value)
        case "Service", "RestartSec":
            return replace(unit, restart_seconds=_seconds(unit, key, value))
        case "Service", "TimeoutSec":
            seconds = _seconds(unit, key, value) or INFINITY
            return replace(unit, start_seconds=seconds, stop_seconds=seconds)
        case "Service", "TimeoutStartSec":
            return replace(unit, start_seconds=_seconds(unit, key, value) or INFINITY)
        case "Service", "TimeoutStopSec":
            return replace(unit, stop_seconds=_seconds(unit, key, value) or INFINITY)
        case "Service", "MemoryMax":
            return replace(unit, memory_max=_bytes(unit, key, value))
        case "Service", "KillSignal":
            return replace(unit, kill_signal=_signal(unit, key, value))
        case "Service", "KillMode":
            return replace(unit, kill_mode=value)
        case "Service", "SuccessExitStatus":
            statuses = frozenset(_whole(unit, key, word) for word in value.split())
            return replace(unit, success_statuses=unit.success_statuses | statuses if value else frozenset())
        case "Service", "RemainAfterExit":
            if value not in ("yes", "no", "true", "false"):
                raise UnitError(f"{unit.name}: {key}={value} is neither yes nor no")
            return replace(unit, remain_after_exit=value in ("yes", "true"))
        case "Service", "StandardOutput":
            return replace(unit, output=_stream(unit, key, value) or "")
        case "Service", "StandardError":
            return replace(unit, error=_stream(unit, key, value))
    raise UnitError(
        f"{unit.name}: the directive {key}= in [{section}] is not one that the local cloud obeys "
        "or knows to make no difference"
    )


def _stream(unit: Unit, key: str, value: str) -> str | None:
    """Where a stream goes: a file's path, "" for the journal, None for systemd's default."""
    if value in ("journal", "inherit"):
        return "" if value == "journal" else None
    if value.startswith("append:/"):
        return value.removeprefix("append:")
    raise UnitError(
        f"{unit.name}: {key}={value} is not supported here; expected journal, inherit or append:/a/file"
    )


def _command(unit: Unit, key: str, value: str) -> Command:
    prefix = value[: len(value) - len(value.lstrip("-:+!@"))]
    words = split_words(value[len(prefix) :])
    if "@" in prefix or not words or ";" in words:
        raise UnitError(
            f"{unit.name}: {key}={value}: expected one command line, without @ in front and without ;"
        )
    return Command(words=words, failure_ignored="-" in prefix, expanded=":" not in prefix)


def _seconds(unit: Unit, key: str, value: str) -> float:
    if value == "infinity":
        return INFINITY
    total, at = 0.0, 0
    while found := _SPAN.match(value, at):
        if found[2] not in _UNITS:
            break
        total, at = total + float(found[1]) * _UNITS[found[2]], found.end()
    if not value or at != len(value):
        raise UnitError(f"{unit.name}: {key}={value} is not a time span such as 30, 500ms or 1min 30s")
    return total


def _bytes(unit: Unit, key: str, value: str) -> int:
    found = re.fullmatch(r"(\d+)([KMGT]?)", value)
    if value != "infinity" and not found:
        raise UnitError(f"{unit.name}: {key}={value} is no amount of memory such as 512M or 2G")
    return int(found[1]) << 10 * " KMGT".index(found[2] or " ") if found else 0


def _whole(unit: Unit, key: str, value: str) -> int:
    if not value.isdecimal():
        raise UnitError(f"{unit.name}: {key}={value} is not a whole number")
    return int(value)


def _signal(unit: Unit, key: str, value: str) -> signal.Signals:
    try:
        return signal.Signals[value if value.startswith("SIG") else f"SIG{value}"]
    except KeyError:
        raise UnitError(f"{unit.name}: {key}={value} is not the name of a signal") from None


def _absolute(unit: Unit, key: str, value: str) -> str:
    if value and not value.startswith("/"):
        raise UnitError(f"{unit.name}: {key}={value} is not an absolute path")
    return value
