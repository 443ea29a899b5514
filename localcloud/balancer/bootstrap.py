"""What Envoy is started with: where its administration listens, and the files that hold everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Json = dict[str, Any]

ADMIN_SOCKET = "admin.sock"
ACCESS_LOG = "access.log"
LISTENERS = "lds.json"
CLUSTERS = "cds.json"


def config_source(path: Path) -> Json:
    """A file that Envoy watches; each new version must be put in place by a rename (Envoy,
    path_config_source)."""
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def bootstrap(folder: Path) -> Json:
    """The configuration that never changes. The admin socket is relative to the folder that Envoy runs in: a
    socket's path has at most 107 characters, a checkout's may have more."""
    return {
        "node": {"id": "localcloud", "cluster": "localcloud"},
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}},
        "dynamic_resources": {
            "lds_config": config_source(folder / LISTENERS),
            "cds_config": config_source(folder / CLUSTERS),
        },
    }
