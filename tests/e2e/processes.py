"""The processes of a release: the engine below the command, and its plugins below the engine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PROVIDER = r"pulumi-resource-uneventful"
AWS = r"pulumi-resource-aws|localcloud\.engine\.aws"
COMMAND = r"pulumi-resource-command|localcloud\.engine\.command"
LANGUAGE_HOST = r"pulumi-language-python"


def running() -> list[tuple[int, int, str]]:
    """Each process: its number, its parent's and its command line."""
    told = subprocess.run(
        ["ps", "-eww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = (line.split(None, 2) for line in told.stdout.splitlines())
    return [(int(row[0]), int(row[1]), row[2]) for row in rows if len(row) == 3]


def engine_of(command: int) -> int:
    """The `pulumi` process below a running `release deploy`; 0 where there is none."""
    for pid, parent, words in running():
        if parent == command and Path(words.split(" ")[0]).name == "pulumi":
            return pid
    return 0


def below(engine: int, pattern: str) -> list[int]:
    """The processes below the engine, at whatever depth, in whose command line the pattern is."""
    processes = running()
    found = {engine}
    for _ in range(4):
        found |= {pid for pid, parent, _ in processes if parent in found}
    return [pid for pid, _, words in processes if pid in found - {engine} and re.search(pattern, words)]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False
