"""The files that Envoy watches: each put in place whole, by a rename, under a version made of what it
holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from localcloud.balancer.bootstrap import Json


def version_of(resources: Sequence[Json]) -> str:
    """The version of these resources: equal resources have equal versions."""
    return hashlib.sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:16]


class ResourceFiles:
    """What was last written to the folder. `put` writes only what differs; the caller holds a lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._versions: dict[str, str] = {}

    def put(self, name: str, resources: Sequence[Json]) -> str | None:
        """Put the file in place and answer its new version; None when it holds just this already."""
        version = version_of(resources)
        if self._versions.get(name) == version:
            return None
        partial = self._folder / f".{name}.partial"
        partial.write_text(json.dumps({"version_info": version, "resources": list(resources)}))
        partial.replace(self._folder / name)
        self._versions[name] = version
        return version

    def remove(self, name: str) -> None:
        """Take a file away that no other one names any more."""
        self._versions.pop(name, None)
        (self._folder / name).unlink(missing_ok=True)
