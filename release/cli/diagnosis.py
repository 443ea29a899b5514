"""The checks of `release doctor`, each with what it needs: of this machine and project, and of one environment."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from release.cli.project import Project
from release.cli.settings import read_settings, stacks_of
from release.doctor import machine, project
from release.doctor.examine import Check
from release.doctor.finding import Finding, NotLooked, bad
from release.errors import UneventfulError

_PATIENCE = 15.0


def checks(folder: Path | None, stack: str) -> tuple[Check, ...]:
    """Those of the machine, of the project in `folder` (None: there is none) and, where a stack is named, of its
    environment and account.
    """
    of_machine = (
        Check("python", lambda: machine.python(sys.version_info[:3])),
        Check("git", lambda: machine.git(shutil.which("git"))),
        Check("pulumi", lambda: machine.pulumi(_said("version"))),
    )
    if folder is None:
        seen = f"no Pulumi.yaml in {Path.cwd()} or above"
        return (
            *of_machine,
            Check("project", lambda: bad("project", seen, "cd into your checkout of the project")),
        )
    of_project = (
        Check("plugins", _plugins),
        Check("provider", lambda: machine.provider(folder, _pulumi_yaml(folder))),
        *(Check(f"Pulumi.{each}.yaml", _StackFile(Project(folder, each))) for each in _files(folder, stack)),
        Check("backend", lambda: _backend(Project(folder, stack))),
    )
    if not stack:
        return (*of_machine, *of_project)
    from release.cli.environment_checks import environment_checks

    return (*of_machine, *of_project, *environment_checks(Project(folder, stack)))


def _files(folder: Path, stack: str) -> tuple[str, ...]:
    return tuple(sorted({*stacks_of(folder), *([stack.rpartition("/")[2]] if stack else [])}))


@dataclass(frozen=True)
class _StackFile:
    of: Project

    def __call__(self) -> Finding:
        name = self.of.stack_file.name
        if not self.of.stack_file.is_file():
            return bad(name, "there is no such file", f"copy Pulumi.dev.yaml to {name}, and edit it")
        try:
            read_settings(self.of)
        except UneventfulError as error:
            return project.stack_file(name, error.what)
        return project.stack_file(name, "")


def _pulumi_yaml(folder: Path) -> Mapping[str, Any]:
    read = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    return read if isinstance(read, dict) else {}


def _backend(of: Project) -> Finding:
    from release.cli.backend import find
    from release.cli.engine import Engine

    held = find(of.folder, of.stack)
    where = os.environ.get("PULUMI_BACKEND_URL") or "the backend that pulumi login noted"
    stacks = held.stacks() if held else Engine(of).stacks()
    return project.backend(of.stack.rpartition("/")[2], stacks, where)


def _plugins() -> Finding:
    told = _said("plugin", "ls", "--json")
    if told is None:
        raise NotLooked("there is no `pulumi` to ask")
    installed: dict[str, frozenset[str]] = {}
    for each in json.loads(told or "[]"):
        name = str(each.get("name"))
        installed[name] = installed.get(name, frozenset()) | {str(each.get("version", "")).removeprefix("v")}
    wanted = {name: importlib.metadata.version(f"pulumi-{name}") for name in machine.PLUGINS}
    forbidden = os.environ.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "").lower() in ("1", "true")
    return machine.plugins(wanted, installed, not forbidden)


def _said(*arguments: str) -> str | None:
    """What `pulumi` printed; None where there is none on PATH."""
    if shutil.which("pulumi") is None:
        return None
    done = subprocess.run(
        ["pulumi", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    return done.stdout
