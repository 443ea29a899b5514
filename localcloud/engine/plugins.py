"""Where resource plugins are: Pulumi's own, or stand-ins put where the engine looks for installed ones."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from localcloud.engine.aws import binary
from localcloud.engine.aws.errors import ProviderMissingError
from localcloud.engine.errors import NoPlugin
from localcloud.engine.places import Clone, write
from localcloud.engine.versions import Plugin


def installed(clone: Clone, environ: Mapping[str, str], home: Path | None = None) -> frozenset[Plugin]:
    """The official plugins in the user's Pulumi home. This checkout's own home holds stand-ins and does not count."""
    named = environ.get("PULUMI_HOME", "")
    folder = Path(named) if named else (home or Path.home()) / ".pulumi"
    if folder == clone.home:
        folder = (home or Path.home()) / ".pulumi"
    found = set()
    for path in (folder / "plugins").glob("resource-*-v*"):
        name, _, version = path.name.removeprefix("resource-").rpartition("-v")
        plugin = Plugin(name, version)
        # The engine leaves `.partial` beside what it did not finish to install.
        if (
            os.access(path / plugin.executable, os.X_OK)
            and not path.with_name(f"{path.name}.partial").exists()
        ):
            found.add(plugin)
    return frozenset(found)


def require_parts() -> str:
    """What the stand-ins stand on, in words. Raises `NoPlugin` when it is not on this machine."""
    try:
        return binary.require().label
    except ProviderMissingError as error:
        raise NoPlugin(
            f"Pulumi's plugins cannot be fetched, and their stand-ins cannot work either: {error}"
        ) from None


def place(clone: Clone, wanted: tuple[Plugin, ...]) -> None:
    """Makes the engine find the stand-ins as installed plugins of exactly the versions that the SDKs ask for."""
    for plugin in wanted:
        path = clone.home / "plugins" / plugin.folder / plugin.executable
        write(path, script(clone, plugin), 0o755)


def script(clone: Clone, plugin: Plugin) -> str:
    # -P: the engine starts a plugin in the program's folder, which must not decide what is imported.
    return (
        "#!/bin/sh\n"
        f"# Stands in for Pulumi's plugin {plugin} on this machine; written by localcloud.engine.\n"
        f'exec {shlex.quote(str(clone.python))} -P -m localcloud.engine.{plugin.name} "$@"\n'
    )
