"""`python -m bench`: measures in a clone of its own, and prints each figure against its target.

`python -m bench rollback` measures the way back alone.

Exit status 0: every target is met; 1: one is missed, or something could not be measured.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from bench import measures
from bench.figures import Figure, table
from bench.workplace import CommandFailed, workplace
from localcloud.engine.progress import Progress
from setup.steps import StepFailed

ROOT = Path(__file__).resolve().parents[1]


def machine() -> str:
    """What else this machine was doing, since wall times hang on it."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{os.cpu_count()} processors, load {load} (1, 5, 15 minutes)"


def measure(progress: Progress, rollback_alone: bool) -> list[Figure]:
    """Raises `CommandFailed` or `StepFailed` where a command fails."""

    def say(text: str) -> None:
        progress.close()
        print(text, flush=True)

    dirty = subprocess.run(
        ("git", "status", "--porcelain"), cwd=ROOT, capture_output=True, check=False
    ).stdout
    if dirty:
        say("what is measured is the last commit: this checkout has changes that are not committed")
    with workplace(ROOT, os.environ, progress.show) as place:
        say(f"{machine()}; working in {place.root}")
        figures = [measures.whole_up(place, say)]
        if not rollback_alone:
            figures.append(measures.live_program(place, say))
        figures += measures.way_back(place, say)
        if rollback_alone:
            return figures[1:]
        place.run(("make", "--no-print-directory", "down"))
        say(machine())
        figures += measures.against_flat(place, say)
    return figures


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    progress = Progress()
    try:
        figures = measure(progress, sys.argv[1:] == ["rollback"])
    except (CommandFailed, StepFailed) as failed:
        progress.close()
        print(f"error: {failed}\nNothing is left behind. Try it by hand in a clone: make up", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress.close()
        print("\ninterrupted: nothing is left behind", file=sys.stderr)
        return 130
    progress.close()
    print(f"\n{machine()}\n{table(figures)}")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
