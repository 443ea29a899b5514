"""The workflows as they are written, and their steps as a runner would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = ROOT / ".github" / "workflows"
ACTION = ROOT / ".github" / "actions" / "uneventful" / "action.yml"
NAMES = ("preview", "release", "drift")
PATIENCE = 300.0
"""Seconds for a step: far more than it takes on a machine that is not overloaded."""


@cache
def read(name: str) -> dict[str, Any]:
    # A string each: YAML 1.1 takes the key `on` for a truth value.
    loaded: dict[str, Any] = yaml.load((WORKFLOWS / f"{name}.yml").read_text(), Loader=yaml.BaseLoader)
    return loaded


@cache
def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(ACTION.read_text(), Loader=yaml.BaseLoader)
    return loaded


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each job, with its workflow's name and its own."""
    for name in NAMES:
        for job, written in read(name)["jobs"].items():
            yield name, job, written


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each step of each job, and of the action that they share, with where it is."""
    for name, job, written in jobs():
        for step in written["steps"]:
            yield f"{name}.{job}", step
    for step in action()["runs"]["steps"]:
        yield "action", step


@dataclass(frozen=True)
class Ran:
    status: int
    output: str


@dataclass
class Runner:
    """Runs single steps in a folder of its own, with what GitHub would tell them; `bin` is first on PATH."""

    folder: Path
    told: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work.mkdir(parents=True)
        self.bin.mkdir()
        (self.folder / "temp").mkdir()

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    def stand_in(self, name: str, text: str) -> None:
        """Put an executable on PATH, in Python."""
        (self.bin / name).write_text(f"#!{sys.executable}\n{text}")
        (self.bin / name).chmod(0o755)

    def file(self, name: str) -> str:
        """What the steps wrote into one of GitHub's files: SUMMARY, OUTPUT, ENV, PATH."""
        path = self.folder / name
        return path.read_text() if path.is_file() else ""

    def start(self, workflow: str, job: str, name: str, **told: str) -> subprocess.Popen[str]:
        """Start a step; `told` are the values of those variables that GitHub would fill in."""
        step = next(each for each in read(workflow)["jobs"][job]["steps"] if each.get("name") == name)
        written = {
            **read(workflow).get("env", {}),
            **read(workflow)["jobs"][job].get("env", {}),
            **step.get("env", {}),
        }
        open_ones = {key for key, value in written.items() if "${{" in value}
        assert open_ones <= told.keys(), f"not told: {sorted(open_ones - told.keys())}"
        return self.shell(step["run"], {**written, **told})

    def shell(self, text: str, told: Mapping[str, str]) -> subprocess.Popen[str]:
        script = self.folder / "step.sh"
        script.write_text(text)
        # As a runner does for `shell: bash`.
        return subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.work,
            env={
                "PATH": f"{self.bin}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "PYTHONPATH": str(ROOT),
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_STEP_SUMMARY": str(self.folder / "SUMMARY"),
                "GITHUB_OUTPUT": str(self.folder / "OUTPUT"),
                "GITHUB_ENV": str(self.folder / "ENV"),
                "GITHUB_PATH": str(self.folder / "PATH"),
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_REPOSITORY": "team/shop",
                "GITHUB_RUN_ID": "77",
                **self.told,
                **told,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, workflow: str, job: str, name: str, **told: str) -> Ran:
        process = self.start(workflow, job, name, **told)
        output, _ = process.communicate(timeout=PATIENCE)
        return Ran(process.returncode, output)
