"""What a shell completes besides verbs and options: names of stacks, versions, migrations' folders.

Nothing is asked over a network, and nothing is imported that takes time: a key was pressed and somebody waits. What
cannot be read is not completed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from release.cli.project import bundles_of, find_folder


def stacks(incomplete: str) -> list[str]:
    """Those that have a file in the project."""
    folder = find_folder(Path.cwd())
    files = sorted(folder.glob("Pulumi.*.yaml")) if folder else []
    names = (file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)
    return [name for name in names if name.startswith(incomplete)]


def built(incomplete: str) -> list[str]:
    """Versions that were built here, the newest first."""
    folder = find_folder(Path.cwd())
    files = bundles_of(folder).glob("*.tar.gz") if folder else ()
    newest = sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)
    versions = dict.fromkeys(file.name.removesuffix(".tar.gz").rpartition("-")[0] for file in newest)
    return [version for version in versions if version.startswith(incomplete)]


def known(context: typer.Context, incomplete: str) -> list[str]:
    """Versions in the ledger of the stack that the line names already, where the state is in a folder here."""
    folder, stack = find_folder(Path.cwd()), str(context.params.get("stack") or "")
    entries = _ledger(folder, stack) if folder and stack else iter(())
    versions = (str(entry.get("version") or "") for entry in entries)
    return [version for version in dict.fromkeys(versions) if version and version.startswith(incomplete)]


def deployable(context: typer.Context, incomplete: str) -> list[str]:
    return list(dict.fromkeys((*built(incomplete), *known(context, incomplete))))


def _ledger(folder: Path, stack: str) -> Iterator[Mapping[str, Any]]:
    """The entries as the state has them, the latest first."""
    from release.cli.backend import find
    from release.cli.backend_files import FolderFiles
    from release.folding import unfolded

    try:
        backend = find(folder, stack)
        exported = backend.exported() if backend and isinstance(backend.files, FolderFiles) else None
        resources = ((exported or {}).get("deployment") or {}).get("resources") or ()
        outputs = next(each["outputs"] for each in resources if each["type"] == "pulumi:pulumi:Stack")
        entries: list[Any] = list(unfolded(outputs["ledger"]["entries"]))
        yield from sorted(entries, key=lambda entry: -int(entry.get("sequence") or 0))
    except (StopIteration, KeyError, TypeError, ValueError, OSError, AttributeError):
        return
