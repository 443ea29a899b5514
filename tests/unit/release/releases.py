"""Releases for tests: the smallest words that make one."""

from __future__ import annotations

import hashlib

from release.model import Manifest, Migration, Process, Release, freeze


def manifest(version: str, *, port: int = 8080, migrations: str = "") -> Manifest:
    """`migrations` are ids that begin with their kind, in order: "e1 b2 c3"."""
    return Manifest(
        version=version,
        digest=hashlib.sha256(version.encode()).hexdigest(),
        size=1,
        processes=(Process(name="web", command="python3 -m web"),),
        port=port,
        migrations=tuple(migration(each) for each in migrations.split()),
    )


def migration(revision: str) -> Migration:
    kind = {"e": "expand", "b": "backfill", "c": "contract"}[revision[0]]
    checksum = hashlib.sha256(revision.encode()).hexdigest()
    return Migration.model_validate({"revision": revision, "kind": kind, "checksum": checksum})


def migrating(version: str, migrations: str) -> Release:
    return freeze(manifest(version, migrations=migrations), {})


def release(version: str, **variables: str) -> Release:
    return freeze(manifest(version), variables)
