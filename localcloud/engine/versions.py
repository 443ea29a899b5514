"""Which versions of Pulumi's parts are used, and which are recent enough."""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Version:
    """A semantic version; a pre-release sorts before its release, and build metadata is not kept."""

    major: int
    minor: int
    patch: int
    released: bool = field(init=False)
    prerelease: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "released", not self.prerelease)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.prerelease}" if self.prerelease else "")


CLI = Version(3, 259, 0)
"""What is built from Go modules: the newest `pkg/v3` that the module proxy serves, known to work with the SDK."""

LANGUAGE_HOST = Version(3, 79, 0)
"""The newest `sdk/v3` module that still contains Python's language host."""

OLDEST = CLI
"""A `pulumi` of another major version, or older than this, was not tried with this project's SDK."""


@dataclass(frozen=True, order=True)
class Plugin:
    """A resource plugin in the version of the SDK that the program imports, such as `aws`, `7.51.1`."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def folder(self) -> str:
        """The name of its folder below `plugins/`, as the engine expects of an installed plugin."""
        return f"resource-{self.name}-v{self.version}"

    @property
    def executable(self) -> str:
        return f"pulumi-resource-{self.name}"


_VERSION = re.compile(r"(?<![\w.])v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?")


def parse(text: str) -> Version | None:
    """The first version in `text` (`pulumi version` prints `v3.259.0`), or None when there is none in it."""
    found = _VERSION.search(text)
    return Version(int(found[1]), int(found[2]), int(found[3]), found[4] or "") if found else None


def is_recent_enough(version: Version, oldest: Version = OLDEST) -> bool:
    """The same major version and not older."""
    return version.major == oldest.major and version >= oldest


def sdk() -> str:
    """The version of the installed Python SDK, which is the one that the official installer is asked for."""
    return importlib.metadata.version("pulumi")


def plugins() -> tuple[Plugin, ...]:
    """The plugins that the program's SDKs ask the engine for."""
    return tuple(
        Plugin(name, importlib.metadata.version(package))
        for name, package in (("aws", "pulumi-aws"), ("command", "pulumi-command"))
    )
