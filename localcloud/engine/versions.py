"""Which versions of Pulumi's parts are used, and which are recent enough."""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass

from semver import VersionInfo

CLI = VersionInfo(3, 259, 0)
"""What is built from Go modules: the newest `pkg/v3` that the module proxy serves, known to work with the SDK."""

LANGUAGE_HOST = VersionInfo(3, 79, 0)
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


def parse(text: str) -> VersionInfo | None:
    """The version in what `pulumi version` prints (`v3.259.0`), or None when there is none in it."""
    found = re.search(r"(?<![\w.])v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)", text)
    return VersionInfo.parse(found.group(1)) if found and VersionInfo.is_valid(found.group(1)) else None


def is_recent_enough(version: VersionInfo, oldest: VersionInfo = OLDEST) -> bool:
    """The same major version and not older; a pre-release counts as older than its release."""
    return bool(version.major == oldest.major and version.compare(oldest) >= 0)


def sdk() -> VersionInfo:
    """The version of the installed Python SDK, which is the one that the official installer is asked for."""
    return VersionInfo.parse(importlib.metadata.version("pulumi"))


def plugins() -> tuple[Plugin, ...]:
    """The plugins that the program's SDKs ask the engine for."""
    return tuple(
        Plugin(name, importlib.metadata.version(package))
        for name, package in (("aws", "pulumi-aws"), ("command", "pulumi-command"))
    )
