"""What was found or got for one clone, so that later commands ask neither the disk nor the network again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from localcloud.engine import versions
from localcloud.engine.choice import Source, Way
from localcloud.engine.places import Clone, write


@dataclass(frozen=True)
class Engine:
    """A `pulumi` in the folder `binaries` and where its plugins come from, with the reasons."""

    binaries: Path
    version: str
    way: Way
    because: str
    plugins: Source
    plugins_because: str
    wanted: tuple[str, ...]

    def dump(self) -> str:
        return json.dumps({**asdict(self), "binaries": str(self.binaries)}, indent=1) + "\n"


def parse(text: str) -> Engine | None:
    """The engine that `dump` wrote, or None for anything else."""
    try:
        found = json.loads(text)
        return Engine(
            binaries=Path(found["binaries"]),
            version=str(found["version"]),
            way=Way(found["way"]),
            because=str(found["because"]),
            plugins=Source(found["plugins"]),
            plugins_because=str(found["plugins_because"]),
            wanted=tuple(map(str, found["wanted"])),
        )
    except (ValueError, KeyError, TypeError):
        return None


def load(clone: Clone) -> Engine | None:
    """This checkout's engine if it is still there, or None."""
    try:
        engine = parse(clone.record.read_text())
    except OSError:
        return None
    return engine if engine and (engine.binaries / "pulumi").exists() else None


def save(clone: Clone, engine: Engine) -> None:
    write(clone.record, engine.dump())


def is_current(engine: Engine, wanted: tuple[str, ...]) -> bool:
    """Whether what was found earlier still serves: the version is recent enough, and the SDKs are the same."""
    version = versions.parse(engine.version)
    return version is not None and versions.is_recent_enough(version) and engine.wanted == wanted
