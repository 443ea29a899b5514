"""One act: a command under load, and whether it went as it must."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from demo.counted import Counted
from demo.load import Load
from demo.world import World
from setup.steps import wait

_MILESTONE = re.compile(r"\d+ % on .*: errors ")


@dataclass(frozen=True)
class Act:
    """A release of `version` that must go live (`succeeds`) or must be refused."""

    title: str
    version: str
    succeeds: bool


@dataclass(frozen=True)
class Played:
    """An act that was played. Times in seconds; `to_full` is from the command to the last answer of the former
    release, None when traffic did not move."""

    act: Act
    status: int
    seconds: float
    to_full: float | None
    counted: Counted
    candidate: str
    output: str

    @property
    def lost(self) -> int:
        return self.counted.lost(self.candidate, refused=not self.act.succeeds)

    @property
    def went_well(self) -> bool:
        return (self.status == 0) == self.act.succeeds and self.lost == 0

    @property
    def milestones(self) -> tuple[str, ...]:
        """What the shift said of each step that it passed."""
        lines = (line.strip() for line in self.output.splitlines())
        return tuple(line for line in lines if _MILESTONE.match(line))

    @property
    def words(self) -> tuple[str, ...]:
        """The first error in what the command printed that says what was expected, as it was printed."""
        lines = self.output.splitlines()
        start = next(
            (
                n
                for n, (line, following) in enumerate(pairwise(lines))
                if line.lstrip().startswith("error:") and following.lstrip().startswith("expected:")
            ),
            None,
        )
        if start is None:
            return ()
        end = next((n for n in range(start + 1, len(lines)) if not lines[n].strip()), len(lines))
        return tuple(line.strip() for line in lines[start:end])


def build(version: str, world: World) -> None:
    """Build a version of the example for `play`."""
    subprocess.run(
        ["release", "build", "examples/shop", "--version", version],
        env=dict(world.variables),
        stdout=subprocess.DEVNULL,
        check=True,
    )


def play(act: Act, world: World, rate: float, log: Path) -> Played:
    """Run the act's command while the load runs; take the load's word for what became of it. The version has been
    built. The command's output goes to `log`. An interrupt is the command's first, which puts right what it has begun.
    """
    status = world.status()
    live = status.live.id if status.live else ""
    argv = ["release", "deploy", act.version, "--stack", world.stack, "--yes"]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as said, Load(status.url, rate, world.variables) as load:
        began = time.time()
        command = subprocess.Popen(
            argv,
            env=dict(world.variables),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )
        exit_status = wait(command)
        ended = time.time()
    output = log.read_text()
    assert load.counted is not None
    candidate = next((name for name, _ in load.counted.releases if name and name != live), "")
    former = load.counted.of(live)
    return Played(
        act=act,
        status=exit_status,
        seconds=ended - began,
        to_full=former.last - began if act.succeeds and former and candidate else None,
        counted=load.counted,
        candidate=candidate,
        output=output,
    )
