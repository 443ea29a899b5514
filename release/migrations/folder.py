"""A folder of migrations, and what a bundle says about it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from release import model
from release.migrations.chain import order
from release.migrations.revisions import Revision, read, unusable
from release.model import Migration

_NO_MIGRATION = frozenset({"__init__.py", "env.py"})


@dataclass(frozen=True)
class Allowed:
    """A finding that the file itself allows: the rule, why, and the file that says so."""

    rule: str
    reason: str
    file: str

    def __str__(self) -> str:
        return f"{self.file} allows {self.rule}: {self.reason}"


def read_folder(application: Path, path: str) -> tuple[Revision, ...]:
    """The revisions in a folder of an application, in the order in which they are applied.

    Raises BundleError for a folder that is not there and for whatever in it has no place in an order.
    """
    folder = application / path
    if not folder.is_dir():
        raise unusable(
            f"{folder} is no folder",
            expected="the folder that release.toml names under [migrations] path",
            seen="a file" if folder.exists() else "nothing of that name",
            next='release migration new "first tables" --expand',
        )
    files = sorted(
        entry
        for entry in folder.iterdir()
        if entry.suffix in (".sql", ".py") and entry.name not in _NO_MIGRATION and entry.is_file()
    )
    return order(read(entry.name, entry.read_bytes()) for entry in files)


def listing(path: str, revisions: Iterable[Revision], allowed: Iterable[Allowed] = ()) -> bytes:
    """`.uneventful/migrations.json`: what the migrator reads in a bundle."""
    document = {
        "path": path,
        "revisions": [
            {
                "revision": revision.revision,
                "kind": revision.kind,
                "file": revision.file,
                "checksum": revision.checksum,
                "down": revision.down,
            }
            for revision in revisions
        ],
        "allowed": [{"rule": each.rule, "reason": each.reason, "file": each.file} for each in allowed],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def of_manifest(revisions: Iterable[Revision]) -> tuple[Migration, ...]:
    """The same as a manifest has them."""
    return tuple(
        Migration(
            revision=revision.revision, kind=revision.kind, checksum=revision.checksum, down=revision.down
        )
        for revision in revisions
    )


def exceptions(revisions: Iterable[Revision], allowed: Iterable[Allowed]) -> tuple[model.Allowed, ...]:
    """What is allowed, as a manifest has it: by revision."""
    revision_of = {revision.file: revision.revision for revision in revisions}
    return tuple(
        model.Allowed(revision=revision_of[each.file], rule=each.rule, reason=each.reason) for each in allowed
    )
