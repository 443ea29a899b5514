"""The place where Pulumi keeps a project's states and locks, read directly: no `pulumi` has to start for it.

A backend of one's own is a folder or a bucket (`file://`, `s3://`) with `.pulumi/stacks/PROJECT/STACK.json` and
`.pulumi/locks/…/PROJECT/STACK/ID.json` (Pulumi v3.259.0, `pkg/backend/diy`). Any other backend is not read here.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from release.cli.backend_files import BucketFiles, Files, FolderFiles

_STATE_FORMATS = (3, 4)
"""The fourth says of some resource that it is refreshed before the next update, as after a creation that was broken
off; both are read alike (Pulumi v3.259.0, `pkg/resource/stack/checkpoint.go`)."""
_PAUSES = (0.02, 0.05, 0.1)


@dataclass(frozen=True)
class Lock:
    """Who has locked a stack: a process (`pid`) of a user on a host, since a moment (ISO 8601)."""

    path: str
    pid: int
    user: str
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}, since {self.since or '?'}"


@dataclass(frozen=True)
class Backend:
    """The states and locks of one stack. `stack` is its name alone."""

    files: Files
    project: str
    stack: str

    def exported(self) -> Mapping[str, Any] | None:
        """What `pulumi stack export` prints; None where `pulumi` must be asked."""
        for pause in (*_PAUSES, None):
            try:
                return self._read()
            except ValueError:
                # A file that is just being written.
                if pause is None:
                    return None
                time.sleep(pause)
        return None

    def locks(self) -> tuple[Lock, ...]:
        """The locks on the stack."""
        found = []
        for path in self.files.below(".pulumi/locks"):
            if path.split("/")[-3:-1] == [self.project, self.stack]:
                lock = self._lock(path)
                found += [lock] if lock else []
        return tuple(found)

    def stacks(self) -> tuple[str, ...]:
        """The names of all stacks of the project, this one's among them or not."""
        folder = f".pulumi/stacks/{self.project}"
        names = (path.rpartition("/")[2].removesuffix(".gz") for path in self.files.below(folder))
        return tuple(sorted({name.removesuffix(".json") for name in names if name.endswith(".json")}))

    def _read(self) -> Mapping[str, Any] | None:
        path = f".pulumi/stacks/{self.project}/{self.stack}.json"
        text = self.files.read(path)
        if text is None:
            packed = self.files.read(f"{path}.gz")
            if packed is None:
                return None
            text = _unpacked(packed)
        state = json.loads(text)
        if state.get("version") not in _STATE_FORMATS:
            return None
        return {"deployment": state["checkpoint"].get("latest") or {}}

    def _lock(self, path: str) -> Lock | None:
        try:
            said = json.loads(self.files.read(path) or b"")
            return Lock(
                path,
                int(said["pid"]),
                str(said["username"]),
                str(said["hostname"]),
                str(said.get("timestamp", "")).partition(".")[0],
            )
        except (ValueError, KeyError, TypeError):
            return None


def find(folder: Path, stack: str) -> Backend | None:
    """The backend of the project in `folder`; None where it is Pulumi Cloud's, or none that is read here."""
    import yaml

    named = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8")) or {}
    url = os.environ.get("PULUMI_BACKEND_URL") or (named.get("backend") or {}).get("url") or _logged_in()
    files = _files(url, folder)
    return Backend(files, str(named.get("name", "")), stack.rpartition("/")[2]) if files else None


def is_here(lock: Lock) -> bool:
    """Whether the lock was made on this machine, so that one can tell whether its process lives."""
    return lock.host == os.uname().nodename


def lives(lock: Lock) -> bool:
    """Whether the process on this machine is there and is a `pulumi` (the number may have gone to another one)."""
    try:
        os.kill(lock.pid, 0)
        return Path(f"/proc/{lock.pid}/exe").readlink().name.startswith("pulumi")
    except ProcessLookupError:
        return False
    except OSError:
        # Somebody else's, or a machine that does not tell.
        return True


def _files(url: str, folder: Path) -> Files | None:
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = unquote(url.removeprefix("file://"))
        return FolderFiles((folder / Path(path).expanduser()).resolve())
    return BucketFiles.at(url) if parts.scheme == "s3" else None


def _logged_in() -> str:
    """The backend that `pulumi login` noted."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        return str(json.loads((home / "credentials.json").read_text()).get("current") or "")
    except (OSError, ValueError):
        return ""


def _unpacked(packed: bytes) -> bytes:
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError) as error:
        raise ValueError("not gzip") from error
