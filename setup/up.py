"""`make up`, in the virtual environment: engine, local cloud, the program, and a first release of the example.

Each part finds out what is there already, so the same command goes on after an interrupt, and does nothing new
when all is up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from localcloud.engine.environment import in_front
from localcloud.engine.errors import EngineError
from localcloud.engine.find import find_or_get
from localcloud.engine.places import Cache, Clone, write
from localcloud.engine.progress import Progress
from setup import locks, salt
from setup.preflight import RUNBOOK
from setup.steps import Part, StepFailed, Steps, table, wait
from setup.variables import of_cloud

ROOT = Path(__file__).resolve().parents[1]
STACK = "dev"
VERSION = "1"
APPLICATION = "examples/shop"
BUILD = ("release", "build", APPLICATION, "--version", VERSION)
UPDATE = ("pulumi", "up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", STACK)


def up(root: Path, steps: Steps, progress: Progress) -> None:
    """Raises `StepFailed` or `EngineError` where a part cannot be done."""
    steps.note("preflight and .venv", progress.elapsed())
    with steps.part("engine"):
        find_or_get(Clone(root), Cache.of_user(), progress)
    binaries = [str(root / ".venv" / "bin")]
    steps.environ = os.environ | {"PATH": in_front(binaries, os.environ.get("PATH", os.defpath))}
    steps.run("local cloud", ("localcloud", "up"))
    steps.environ = of_cloud(steps.environ, root, STACK)
    unlock(Path(steps.environ["PULUMI_BACKEND_URL"].removeprefix("file://")), progress)
    try:
        _program(root, steps)
    finally:
        salt.keep_out(root / f"Pulumi.{STACK}.yaml")
    steps.run("release status", ("release", "status", "--stack", STACK))
    progress.say(f"up: {_output(steps, 'url')}")


def _program(root: Path, steps: Steps) -> None:
    """The environment, and a first release where none is live; whatever is live stays."""
    steps.run("stack", ("pulumi", "stack", "select", "--create", STACK))
    if _output(steps, "live"):
        steps.run("pulumi up", UPDATE)
        return
    # Most of the update's time is waiting, and the bundle takes none of it.
    building = subprocess.Popen(BUILD, cwd=root, env=steps.environ, stdout=subprocess.DEVNULL, text=True)
    try:
        steps.run("pulumi up", UPDATE, "mostly fixed waits of AWS's provider")
    finally:
        with steps.part("bundle", "made during pulumi up"):
            status = wait(building)
    if status:
        raise StepFailed(BUILD, status)
    steps.run("first release", ("release", "deploy", VERSION, "--stack", STACK, "--yes"))


def unlock(backend: Path, progress: Progress) -> None:
    """Removes the locks of local stacks whose `pulumi` was killed; nothing else can be holding them."""
    for lock in locks.left_over(backend):
        progress.say(f"a pulumi that was killed left a lock, which is removed: {lock}")
        lock.unlink(missing_ok=True)


def keep(root: Path, parts: Sequence[Part]) -> None:
    """Leaves where the time went in `.uneventful/up.json`, for `make bench`."""
    write(root / ".uneventful" / "up.json", json.dumps([asdict(part) for part in parts], indent=2) + "\n")


def _output(steps: Steps, name: str) -> str:
    """One of the stack's outputs as text; empty where there is none yet."""
    found = json.loads(steps.ask(("pulumi", "stack", "output", "--json", "--stack", STACK)) or "{}").get(name)
    return found if isinstance(found, str) else json.dumps(found) if found else ""


def main() -> int:
    """Exit status 0: the environment is up and a release is live."""
    progress = Progress()
    steps = Steps(ROOT, progress)
    try:
        up(ROOT, steps, progress)
        ended = 0
    except (StepFailed, EngineError) as error:
        progress.close()
        print(
            f"error: {error}\nWhat was done stays: `make up` goes on from there.\nrunbook: {RUNBOOK}",
            file=sys.stderr,
        )
        ended = 1
    except KeyboardInterrupt:
        progress.close()
        print("\ninterrupted: what was done stays, `make up` goes on from there", file=sys.stderr)
        ended = 130
    keep(ROOT, steps.parts)
    print(f"\nWhere the time went:\n{table(steps.parts)}", file=sys.stderr)
    if not ended:
        print(
            '\nNext: eval "$(.venv/bin/localcloud env)", or make demo. Stop it with: make down',
            file=sys.stderr,
        )
    return ended


if __name__ == "__main__":
    sys.exit(main())
