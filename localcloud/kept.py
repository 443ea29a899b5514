"""What a cloud keeps while it is down: `.uneventful/cloud/kept`, one line of JSON and then what `keeping.dump` made;
beside it `kept.bodies/`, what is large and never changes, a file each.

The bytes are unpickled, which runs what they say: the file is its user's alone (0600), in a folder that is as much the
user's own as the virtual environment that runs this.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path

from localcloud.errors import NotUsable
from localcloud.location import Location

FORMAT = 2
"""Counts on with every change of what is kept that an older file does not have."""
MOTO = metadata.version("moto")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
LONGEST_LABEL = 65_536
NEW = ".new"
"""How the name of a file ends that is not whole yet."""


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


@dataclass(frozen=True)
class Contents:
    """`state` is without the bodies of large objects in S3, each of which has a name that no other bytes have. `bodies`
    names all that the state needs, `new` holds those that were not kept yet."""

    state: bytes
    bodies: frozenset[str] = frozenset()
    new: Mapping[str, bytes] = field(default_factory=dict)


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
        self._bodies = path.with_name(f"{path.name}.bodies")

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

    def state(self) -> bytes:
        return self._path.read_bytes().partition(b"\n")[2]

    def bodies(self) -> frozenset[str]:
        """The names of the bodies that are kept, whole."""
        if not self._bodies.is_dir():
            return frozenset()
        return frozenset(path.name for path in self._bodies.iterdir() if path.suffix != NEW)

    def body(self, name: str) -> bytes:
        """Raises OSError where there is none."""
        return (self._bodies / name).read_bytes()

    def write(self, label: Label, contents: Contents) -> None:
        """Put it in place at once: who reads sees all of it, or all of what was there, whenever this is killed."""
        self._bodies.mkdir(mode=0o700, exist_ok=True)
        for name, body in contents.new.items():
            _put(self._bodies / name, body)
        _put(self._path, label.dump(), contents.state)
        for path in self._bodies.iterdir():
            if path.name not in contents.bodies:
                path.unlink()

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
        shutil.rmtree(self._bodies, ignore_errors=True)


def _put(path: Path, *parts: bytes) -> None:
    new = path.with_name(f"{path.name}{NEW}")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for part in parts:
            file.write(part)
    new.replace(path)


def told(label: Label, now: float) -> str:
    """A line for a person on what the cloud goes on with; `now` in seconds since 1970."""
    when = time.strftime("%H:%M:%S", time.localtime(label.saved))
    if label.ended:
        return f"goes on with all that it held when it was stopped, at {when}"
    return (
        f"the former daemon was killed: goes on with what was saved {now - label.saved:.0f} s ago, at {when}; "
        "what came after it is missing, and told by: pulumi refresh --preview-only"
    )
