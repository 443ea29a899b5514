"""Which `pulumi` and which plugins are used, decided from facts alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from localcloud.engine import versions
from localcloud.engine.errors import NoEngine
from localcloud.engine.versions import Plugin, Version

OLDEST_GO = (1, 26)


@dataclass(frozen=True)
class Installed:
    """A `pulumi` on this machine, in `folder`; `language_host` tells whether Python's is found with it."""

    folder: Path
    version: Version | None
    language_host: bool


@dataclass(frozen=True)
class Network:
    """Whether Pulumi's hosts answer, and what was seen."""

    reachable: bool
    seen: str


@dataclass(frozen=True)
class Go:
    """The `go` on PATH: `version` is like (1, 26), None where there is no `go` or it says nothing known."""

    version: tuple[int, int] | None
    seen: str


@dataclass(frozen=True)
class Facts:
    on_path: Installed | None
    downloaded: Installed | None
    built: Installed | None
    network: Network
    go: Go


class Way(StrEnum):
    PATH = "path"
    DOWNLOADED = "downloaded"
    DOWNLOAD = "download"
    BUILT = "built"
    BUILD = "build"


@dataclass(frozen=True)
class Choice:
    """The way taken, why, and why each way before it was not."""

    way: Way
    because: str
    passed_over: tuple[str, ...]


def choose(facts: Facts) -> Choice:
    """PATH, then the official installer (or what it brought earlier), then a build from Go modules (or an earlier one).

    Raises `NoEngine` with the reason against each way when none is open.
    """
    against: list[str] = []
    refused = refuse(facts.on_path)
    if not refused:
        return Choice(Way.PATH, f"pulumi {_version(facts.on_path)} is on PATH", ())
    against.append(refused)
    if facts.downloaded:
        return Choice(
            Way.DOWNLOADED,
            f"pulumi {_version(facts.downloaded)} was downloaded earlier",
            tuple(against),
        )
    if facts.network.reachable:
        return Choice(Way.DOWNLOAD, facts.network.seen, tuple(against))
    against.append(f"official installer: {facts.network.seen}")
    if facts.built:
        return Choice(
            Way.BUILT,
            f"pulumi {_version(facts.built)} was built on this machine earlier",
            tuple(against),
        )
    if facts.go.version and facts.go.version >= OLDEST_GO:
        return Choice(Way.BUILD, facts.go.seen, tuple(against))
    against.append(f"build from Go modules: {facts.go.seen}, and {_go(OLDEST_GO)} or newer is needed")
    raise NoEngine(
        "there is no way to a `pulumi` on this machine:\n" + "\n".join(f"  - {reason}" for reason in against),
        f"Install pulumi {versions.OLDEST} or newer (https://www.pulumi.com/docs/install/), "
        f"or Go {_go(OLDEST_GO)} or newer (https://go.dev/dl/), and run the command again.",
    )


def refuse(on_path: Installed | None) -> str:
    """Why the `pulumi` on PATH is not taken; empty when it is."""
    if on_path is None:
        return "pulumi on PATH: there is none"
    where = f"pulumi on PATH ({on_path.folder})"
    if on_path.version is None:
        return f"{where}: it does not tell its version"
    if not versions.is_recent_enough(on_path.version):
        oldest = versions.OLDEST
        return f"{where}: version {on_path.version}, and {oldest} or newer of {oldest.major}.x is needed"
    if not on_path.language_host:
        return f"{where}: pulumi-language-python is neither beside it nor on PATH"
    return ""


class Source(StrEnum):
    OFFICIAL = "official"
    STAND_INS = "stand-ins"


@dataclass(frozen=True)
class PluginChoice:
    source: Source
    because: str


def choose_plugins(
    wanted: tuple[Plugin, ...], installed: frozenset[Plugin], network: Network
) -> PluginChoice:
    """Official plugins when all of them are installed or can be fetched by the engine; else stand-ins for all."""
    missing = [plugin for plugin in wanted if plugin not in installed]
    if not missing:
        return PluginChoice(Source.OFFICIAL, "they are installed")
    if network.reachable:
        return PluginChoice(Source.OFFICIAL, f"the engine fetches {_list(missing)} itself")
    return PluginChoice(Source.STAND_INS, f"{_list(missing)} cannot be fetched: {network.seen}")


def _list(plugins: list[Plugin]) -> str:
    return " and ".join(str(plugin) for plugin in plugins)


def _version(installed: Installed | None) -> str:
    return str(installed.version) if installed else ""


def _go(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
