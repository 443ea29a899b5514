"""What the virtual environment holds, written down only when it holds all of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Profile(StrEnum):
    """Which requirements: what running takes, or that and what the tests and linters take."""

    LOCAL = "local"
    DEV = "dev"


@dataclass(frozen=True)
class Stamp:
    """`complete` is False from the first change until the last is done. Moved to another `root` it does not work."""

    profile: Profile
    requirements: str
    project: str
    root: str
    complete: bool = True

    def dump(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"


def parse(text: str) -> Stamp | None:
    """The stamp that `dump` wrote, or None for anything else."""
    try:
        found = json.loads(text)
        return Stamp(
            Profile(found["profile"]),
            str(found["requirements"]),
            str(found["project"]),
            str(found["root"]),
            found["complete"] is True,
        )
    except (ValueError, KeyError, TypeError):
        return None


def of(profile: Profile, root: Path) -> Stamp:
    """The stamp of a complete environment for the requirements as they are now."""
    folder = root / "requirements"
    return Stamp(profile, _digest(folder / f"{profile}.txt"), _digest(root / "pyproject.toml"), str(root))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


class Work(StrEnum):
    """What is to be done, from least to most."""

    NOTHING = "nothing"
    UPDATE = "update"
    RENEW = "renew"


def decide(found: Stamp | None, wanted: Stamp, runs: bool) -> Work:
    """`runs`: there is a virtual environment and its Python starts.

    Without a stamp an environment is somebody's own: it is brought up to date and not thrown away. One whose
    installation was interrupted, or that was moved, is made anew.
    """
    if not runs:
        return Work.RENEW
    if found is None:
        return Work.UPDATE
    if not found.complete or found.root != wanted.root:
        return Work.RENEW
    return Work.NOTHING if found == wanted else Work.UPDATE


def profile(found: Stamp | None, asked: Profile) -> Profile:
    """The larger of what is there and what is asked for, so that `make up` takes nothing from `make test`."""
    return Profile.DEV if found and found.profile is Profile.DEV else asked
