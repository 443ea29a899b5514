"""Makes `.venv`, complete or not believed, and goes on in it: `python -m setup.environment engine|up|preview [--dev]`.

Needs nothing but the standard library.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from localcloud.engine import lock
from localcloud.engine.places import Cache, write
from localcloud.engine.progress import STARTED, Progress
from setup import stamp
from setup.installation import Installation, SetupError
from setup.preflight import RUNBOOK
from setup.stamp import Profile, Work

ROOT = Path(__file__).resolve().parents[1]
NEXT = {"engine": "localcloud.engine", "up": "setup.up", "preview": "setup.preview"}


def ensure(
    root: Path, asked: Profile, progress: Progress, python: str = sys.executable, cache: Cache | None = None
) -> None:
    """After this `.venv` holds exactly the pinned requirements and this project. Raises `SetupError`."""
    with lock.hold(root / ".uneventful" / "setup.lock", progress.show):
        record = root / ".uneventful" / "environment.json"
        found = stamp.parse(record.read_text()) if record.exists() else None
        wanted = stamp.of(stamp.profile(found, asked), root)
        work = stamp.decide(found, wanted, _runs(root / ".venv"))
        if work is Work.NOTHING:
            progress.say(f".venv: complete ({wanted.profile})")
            return
        write(record, replace(wanted, complete=False).dump())
        Installation(root, cache or Cache.of_user(), progress, python).make(wanted, work)
        write(record, wanted.dump())
        progress.say(f".venv: complete ({wanted.profile})")


def _runs(venv: Path) -> bool:
    try:
        done = subprocess.run(
            [venv / "bin" / "python", "-c", "import pip"], capture_output=True, stdin=subprocess.DEVNULL
        )
    except OSError:
        return False
    return done.returncode == 0


def main(arguments: list[str]) -> int:
    progress = Progress()
    try:
        ensure(ROOT, Profile.DEV if "--dev" in arguments else Profile.LOCAL, progress)
    except SetupError as error:
        progress.close()
        print(
            f"error: {error}\nThe same command makes the virtual environment anew.\nrunbook: {RUNBOOK}",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        progress.close()
        print("interrupted: the same command makes the virtual environment anew", file=sys.stderr)
        return 130
    python = str(ROOT / ".venv" / "bin" / "python")
    os.environ[STARTED] = str(progress.started)
    return os.execv(python, [python, "-m", NEXT[arguments[0]]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
