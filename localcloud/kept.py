"""What a cloud keeps while it is down: `.uneventful/cloud/kept`, one line of JSON and then what `keeping.dump` made.

The bytes are unpickled, which runs what they say: the file is its user's alone (0600), in a folder that is as much the
user's own as the virtual environment that runs this.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from localcloud.errors import NotUsable
from localcloud.location import Location

FORMAT = 1
"""Counts on with every change of what is kept that an older file does not have."""
MOTO = metadata.version("moto")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
LONGEST_LABEL = 65_536


@dataclass(frozen=True)
class Label:
    """Whose state it is, and of when. `ended`: the cloud was told to stop, so nothing came after it."""

    location: Location
    endpoint: str
    prefix: str
    instances: tuple[str, ...]
    ended: bool
    saved: float
    """Seconds since 1970."""
    format: int = FORMAT
    moto: str = MOTO
    python: str = PYTHON

    def dump(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def parse(line: bytes) -> Label:
    """The label that `dump` wrote. Raises `NotUsable`."""
    try:
        found = json.loads(line)
        made = {**found, "location": Location(**found["location"]), "instances": tuple(found["instances"])}
        return Label(**made)
    except (ValueError, KeyError, TypeError):
        raise NotUsable("it is not what a local cloud writes") from None


def check(label: Label, location: Location) -> None:
    """Raise `NotUsable` unless this program's cloud at `location` can go on with what `label` is of."""
    for what, kept, own in (
        ("format", label.format, FORMAT),
        ("moto", label.moto, MOTO),
        ("Python", label.python, PYTHON),
        ("account", label.location.account, location.account),
        ("region", label.location.region, location.region),
    ):
        if kept != own:
            raise NotUsable(f"it is of {what} {kept}, this cloud is of {own}")


class KeptFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def label(self) -> Label | None:
        """Of what is kept; None where nothing is. Raises `NotUsable`."""
        try:
            with self._path.open("rb") as file:
                seen = os.fstat(file.fileno())
                if seen.st_uid != os.geteuid() or seen.st_mode & OTHERS:
                    raise NotUsable("others than its user may read or write it")
                return parse(file.readline(LONGEST_LABEL))
        except FileNotFoundError:
            return None

    def contents(self) -> bytes:
        return self._path.read_bytes().partition(b"\n")[2]

    def write(self, label: Label, contents: bytes) -> None:
        """Put it in place at once: who reads sees all of it, or all of what was there."""
        new = self._path.with_suffix(".new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(label.dump())
            file.write(contents)
        new.replace(self._path)


def told(label: Label, now: float) -> str:
    """A line for a person on what the cloud goes on with; `now` in seconds since 1970."""
    when = time.strftime("%H:%M:%S", time.localtime(label.saved))
    if label.ended:
        return f"goes on with all that it held when it was stopped, at {when}"
    return (
        f"the former daemon was killed: goes on with what was saved {now - label.saved:.0f} s ago, at {when}; "
        "what came after it is missing, and told by: pulumi refresh --preview-only"
    )
