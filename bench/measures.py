"""The measurements: each runs something real in a workplace and gives figures."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import flat_program
from bench.chain import longest, needs
from bench.figures import Figure, Share, shares
from bench.flat import PROJECT, flatten
from bench.past import long_past
from bench.printed import Key, Spent, section, spent
from bench.rollback import rollbacks
from bench.workplace import Workplace
from localcloud.engine.environment import in_front
from setup.variables import of_cloud

RUNS = 5
UP_SECONDS = 180
TIMES_FLAT = 1.5
CPU_SECONDS = 2
LONGEST = 8
PROBE = Path(__file__).with_name("probe")
PREVIEW = ("pulumi", "preview", "--non-interactive", "--expect-no-changes", "--stack")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Previewed:
    """One preview that found nothing to do: its wall time, and its program's own processor time; seconds."""

    wall: float
    program: float


def whole_up(place: Workplace, say: Say) -> Figure:
    """`make up` in the fresh clone, with where its time went. The environment stays up."""
    say("make up in a fresh clone")
    began = time.monotonic()
    lines = place.run(("make", "--no-print-directory", "up"))
    wall = time.monotonic() - began
    parts = [Share(**one) for one in json.loads((place.root / ".uneventful" / "up.json").read_text())]
    say(f"  {wall:.1f} s, of which:\n{shares(parts, wall)}")
    needed = needs(_state(place, _cloud(place, "dev"), "dev")["deployment"]["resources"])
    for command in ("pulumi up", "release deploy"):
        say(_update(command, spent(section(lines, command)), needed))
    return Figure(
        "make up",
        wall,
        UP_SECONDS,
        "s",
        "wall time of `make up` in a fresh clone, with the caches of this machine as they are",
    )


def _update(command: str, times: Sequence[Spent], needed: Mapping[Key, Sequence[Key]]) -> str:
    """What made one of the updates last."""
    made = [one for one in times if one.key in needed]
    if not made:
        return f"  {command}: nothing was seen to be made"
    start = min(one.began for one in made)
    whole = max(one.ended for one in made) - start
    chain = [
        Share(" ".join(one.key), one.seconds, f"from {one.began - start:.1f} s on")
        for one in longest(made, needed)
    ]
    slowest = sorted(made, key=lambda one: one.seconds, reverse=True)[:LONGEST]
    return (
        f"  the {len(made)} resources of {command}: {whole:.1f} s; the longest chain, each after the one before:\n"
        f"{shares(chain, whole)}\n  the slowest of them, most at the same time as others:\n"
        f"{shares([Share(' '.join(one.key), one.seconds) for one in slowest], whole)}"
    )


def live_program(place: Workplace, say: Say) -> Figure:
    """The program's processor time with a release that is live: `make up` has left it so."""
    say(f"pulumi preview of dev, with its release live, {RUNS} times")
    environ = _cloud(place, "dev")
    seen = [_preview(place, environ, "dev", place.root) for _ in range(RUNS)]
    say(f"  {_told(seen)}")
    return _cpu("program of dev, released", seen)


def way_back(place: Workplace, say: Say) -> tuple[Figure, ...]:
    """Rollbacks under load, and what a long past costs; `make up` has left version 1 live."""
    environ = _cloud(place, "dev")
    outputs = place.ask(("pulumi", "stack", "output", "--json", "--stack", "dev"), environ)
    return (*rollbacks(place, environ, outputs["url"], say), *long_past(place, environ, say))


def against_flat(place: Workplace, say: Say) -> tuple[Figure, Figure]:
    """A no-change preview of production, on a cloud of its own, against that of the same resources bare."""
    say("production on a local cloud of its own: pulumi up")
    environ = place.environ | {"PATH": in_front([str(place.root / ".venv" / "bin")], place.environ["PATH"])}
    place.run(("localcloud", "up", "--stack", "production"), environ)
    environ = _cloud(place, "production")
    place.run(("pulumi", "stack", "select", "--create", "production"), environ)
    place.run(("pulumi", "up", "--yes", "--skip-preview", "--stack", "production"), environ)
    folder, count = make_flat(place, environ, "production")
    say(f"pulumi preview of production and of its {count} resources in a flat program, {RUNS} times in turn")
    own: list[Previewed] = []
    bare: list[Previewed] = []
    for _ in range(RUNS):
        own.append(_preview(place, environ, "production", place.root))
        bare.append(_preview(place, environ, "production", folder))
    say(f"  production: {_told(own)}\n  flat:       {_told(bare)}")
    ratio = statistics.median(one.wall for one in own) / statistics.median(one.wall for one in bare)
    how = (
        f"no-change preview of production, without a release, over that of a program that registers its {count} "
        f"resources with literal inputs, no components and no pulumi_aws; medians of {RUNS}"
    )
    return Figure("preview / flat", ratio, TIMES_FLAT, "x", how), _cpu("program of production", own)


def make_flat(place: Workplace, environ: Mapping[str, str], stack: str) -> tuple[Path, int]:
    """A project with the stack's resources bare, its state as if it had made them; its folder, and their number."""
    flat = flatten(_state(place, environ, stack, "--show-secrets"))
    folder = place.scratch / PROJECT
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(_project(place.root))
    (folder / "resources.json").write_text(json.dumps(flat.declared))
    (folder / "state.json").write_text(json.dumps(flat.state))
    shutil.copyfile(flat_program.__file__, folder / "__main__.py")
    place.run(("pulumi", "stack", "init", stack), environ, folder)
    place.run(("pulumi", "stack", "import", "--stack", stack, "--file", "state.json"), environ, folder)
    return folder, flat.resources


def _project(root: Path) -> str:
    binaries = json.dumps(str(root / ".venv" / "bin"))
    virtualenv = json.dumps(str(root / ".venv"))
    return (
        f"name: {PROJECT}\nruntime: {{name: python, options: {{virtualenv: {virtualenv}}}}}\n"
        f"plugins: {{providers: [{{name: uneventful, path: {binaries}}}]}}\n"
    )


def _cloud(place: Workplace, stack: str) -> dict[str, str]:
    path = in_front([str(place.root / ".venv" / "bin")], place.environ["PATH"])
    return of_cloud(place.environ | {"PATH": path}, place.root, stack)


def _state(place: Workplace, environ: Mapping[str, str], stack: str, *options: str) -> Any:
    return place.ask(("pulumi", "stack", "export", "--stack", stack, *options), environ)


def _preview(place: Workplace, environ: Mapping[str, str], stack: str, folder: Path) -> Previewed:
    """Raises `CommandFailed` where the preview finds something to do."""
    notes = place.scratch / "cpu"
    shutil.rmtree(notes, ignore_errors=True)
    notes.mkdir()
    began = time.monotonic()
    place.run((*PREVIEW, stack), {**environ, "BENCH_CPU": str(notes), "PYTHONPATH": str(PROBE)}, folder)
    wall = time.monotonic() - began
    return Previewed(wall, sum(float(note.read_text()) for note in notes.iterdir()))


def _told(seen: list[Previewed]) -> str:
    walls, programs = sorted(one.wall for one in seen), sorted(one.program for one in seen)
    return (
        f"wall {statistics.median(walls):.2f} s ({walls[0]:.2f} to {walls[-1]:.2f}), its program's processor time "
        f"{statistics.median(programs):.2f} s ({programs[0]:.2f} to {programs[-1]:.2f}), load {os.getloadavg()[0]:.1f}"
    )


def _cpu(name: str, seen: list[Previewed]) -> Figure:
    """The lowest of all: whatever else runs on a machine can only add, by the caches that it takes."""
    how = (
        "user and system time (getrusage) of the process that runs the program, from its start to its end, imports "
        f"included, in a no-change preview; the lowest of {len(seen)}, since other load only adds"
    )
    return Figure(name, min(one.program for one in seen), CPU_SECONDS, "s", how)
