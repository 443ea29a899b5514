"""Releases for tests: the smallest words that make one."""

from __future__ import annotations

import hashlib

from release.model import Manifest, Process, Release, freeze


def manifest(version: str, *, port: int = 8080) -> Manifest:
    return Manifest(
        version=version,
        digest=hashlib.sha256(version.encode()).hexdigest(),
        size=1,
        processes=(Process(name="web", command="python3 -m web"),),
        port=port,
    )


def release(version: str, **variables: str) -> Release:
    return freeze(manifest(version), variables)
