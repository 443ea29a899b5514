"""What was measured, kept as JSON after each run: what was interrupted goes on, and the document can be remade."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field

from bench.evidence.counts import Counts, Frozen, Wrk

Scene = Literal["quiet", "release", "failed", "rollback"]
SCENES: tuple[Scene, ...] = ("quiet", "release", "rollback", "failed")


class Key(Frozen):
    """Which run: `number` counts repetitions from 1."""

    contender: str
    rate: float
    scene: Scene
    number: int = 1


class Run(Frozen):
    """One run. `seconds` is how long the command took, `switched` from its start to the last answer of the release that
    was left, slow requests aside: None where traffic did not move. `own` of the lost requests were answered, with an
    error, by the version that should not have gone live. `words` is what a refusal said. Not `played`: the machine did
    not sustain the rate, and `why` says so."""

    key: Key
    at: str
    status: int = 0
    seconds: float = 0.0
    switched: float | None = None
    own: int = 0
    words: str = ""
    counts: Counts | None = None
    wrk: Wrk | None = None
    played: bool = True
    why: str = ""


class Machine(Frozen):
    """Where it was measured, in words."""

    processor: str
    cores: int
    memory: str
    kernel: str
    system: str
    versions: dict[str, str]


class Waited(Frozen):
    """Where the time of one release without load went, in s: `parts` are what a setting prescribes to wait for, with
    the setting in words; `phases` what took how long."""

    whole: float
    parts: dict[str, float]
    phases: dict[str, float]


class Calls(Frozen):
    """Calls of AWS's API. `whole`: one release of two instances on the local cloud, everything that anybody asked, by
    service and action. `provider`: gate and shift alone, by the number of instances."""

    whole: dict[str, int]
    provider: dict[str, dict[str, int]]


class Previewed(Frozen):
    """Wall times of previews in s, by what was previewed."""

    times: dict[str, tuple[float, ...]]


class Evidence(Frozen):
    """Everything of one go. `web` is the number of web processes of each contender."""

    commit: str
    started: str
    machine: Machine
    web: int
    notice: float
    runs: tuple[Run, ...] = ()
    hows: dict[str, str] = Field(default_factory=dict)
    waited: Waited | None = None
    calls: Calls | None = None
    previews: Previewed | None = None

    def run(self, key: Key) -> Run | None:
        return next((one for one in self.runs if one.key == key), None)

    def of(self, contender: str, rate: float, scene: Scene) -> tuple[Run, ...]:
        return tuple(
            one
            for one in self.runs
            if (one.key.contender, one.key.rate, one.key.scene) == (contender, rate, scene)
        )

    def with_run(self, run: Run) -> Evidence:
        others = tuple(one for one in self.runs if one.key != run.key)
        return self.model_copy(update={"runs": (*others, run)})

    def contenders(self) -> tuple[str, ...]:
        return unique(one.key.contender for one in self.runs)

    def rates(self) -> tuple[float, ...]:
        return tuple(sorted({one.key.rate for one in self.runs}))


def unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


class Store:
    """The file. What is kept is whole at any moment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Evidence | None:
        """None where nothing is kept yet."""
        return Evidence.model_validate_json(self.path.read_text()) if self.path.exists() else None

    def write(self, evidence: Evidence) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.write_text(evidence.model_dump_json(indent=1) + "\n")
        draft.replace(self.path)
