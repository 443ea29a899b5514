"""`python -m bench`: measures in a clone of its own, and prints each figure against its target.

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
from setup.steps import StepFailed

ROOT = Path(__file__).resolve().parents[1]


def say(text: str) -> None:
    print(text, flush=True)


def machine() -> str:
    """What else this machine was doing, since wall times hang on it."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{os.cpu_count()} processors, load {load} (1, 5, 15 minutes)"


def measure() -> list[Figure]:
    """Raises `CommandFailed` or `StepFailed` where a command fails."""
    dirty = subprocess.run(
        ("git", "status", "--porcelain"), cwd=ROOT, capture_output=True, check=False
    ).stdout
    if dirty:
        say("what is measured is the last commit: this checkout has changes that are not committed")
    with workplace(ROOT, os.environ) as place:
        say(f"{machine()}; working in {place.root}")
        figures = [measures.whole_up(place, say), measures.live_program(place, say)]
        place.run(("make", "--no-print-directory", "down"))
        say(f"{machine()}")
        figures += measures.against_flat(place, say)
    return figures


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        figures = measure()
    except (CommandFailed, StepFailed) as failed:
        say(f"error: {failed}\nnothing is left behind; try it by hand in a clone: make up")
        return 1
    except KeyboardInterrupt:
        say("\ninterrupted: nothing is left behind")
        return 130
    say(f"\n{machine()}\n{table(figures)}")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
