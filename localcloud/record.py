"""What a running daemon says of itself in `.uneventful/cloud/daemon.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from localcloud.processes import ProcessId

ACCESS_KEY = "AKIAUNEVENTFULLOCAL0"
SECRET_KEY = "uneventful-local-cloud"


@dataclass(frozen=True)
class DaemonRecord:
    pid: int
    started: int
    endpoint: str
    region: str
    account: str
    control: str

    def alive(self) -> bool:
        return ProcessId(self.pid, self.started).alive()

    def write(self, path: Path) -> None:
        """Put the record in place at once: a reader sees all of it or none."""
        new = path.with_suffix(".new")
        new.write_text(json.dumps(asdict(self), indent=2) + "\n")
        new.replace(path)


def read_record(path: Path) -> DaemonRecord | None:
    """The record, whether or not its daemon is still alive; None when there is none that can be read."""
    try:
        return DaemonRecord(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def credentials(endpoint: str, region: str) -> dict[str, str]:
    """AWS's own variables for whoever is to use the cloud at `endpoint`."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
