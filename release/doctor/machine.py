"""What a machine must have to run updates. The judgements are pure; what is looked at is handed in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from release.doctor.finding import Finding, bad, ok, warn

OLDEST_PYTHON = (3, 11)
OLDEST_PULUMI = (3, 259, 0)
"""An older one was not tried with this project's SDK."""

PROVIDER = "uneventful"
PROVIDER_PROGRAM = "pulumi-resource-uneventful"
PLUGINS = ("aws", "command")

_INSTALL = "python3 -m venv .venv && .venv/bin/pip install --require-hashes -r requirements/core.txt"
_INSTALL_SELF = ".venv/bin/pip install --no-deps --no-build-isolation -e ."


def python(version: tuple[int, ...]) -> Finding:
    said, oldest = ".".join(map(str, version)), ".".join(map(str, OLDEST_PYTHON))
    if version[:2] < OLDEST_PYTHON:
        return bad(
            "python", f"{said}, older than {oldest}", f"install Python {oldest} or newer, then: {_INSTALL}"
        )
    return ok("python", said)


def git(path: str | None) -> Finding:
    if path is None:
        seen = "none on PATH: the history will not say from which commit an update came"
        return warn("git", seen, "install git")
    return ok("git", path)


def pulumi(said: str | None) -> Finding:
    """`said` is what `pulumi version` printed; None where there is no `pulumi` on PATH."""
    oldest = ".".join(map(str, OLDEST_PULUMI))
    install = f"install Pulumi {oldest} or newer: https://www.pulumi.com/docs/install"
    if said is None:
        return bad("pulumi", "none on PATH", install)
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", said.strip())
    if found is None:
        return warn("pulumi", f"`pulumi version` says {said.strip()[:60]!r}, which is no version", install)
    version = tuple(map(int, found.groups()))
    if version[0] != OLDEST_PULUMI[0]:
        return bad(
            "pulumi", f"{said.strip()}, and this project is for major version {OLDEST_PULUMI[0]}", install
        )
    if version < OLDEST_PULUMI:
        return warn("pulumi", f"{said.strip()}, older than {oldest}, with which nothing was tried", install)
    return ok("pulumi", said.strip())


def plugins(wanted: Mapping[str, str], installed: Mapping[str, frozenset[str]], fetches: bool) -> Finding:
    """The versions that the program's packages ask for against those that `pulumi plugin ls` tells; `fetches`: the
    engine gets by itself what is missing.
    """
    missing = [name for name, version in wanted.items() if version not in installed.get(name, frozenset())]
    if not missing:
        return ok("plugins", ", ".join(f"{name} {version}" for name, version in wanted.items()))
    seen = ", ".join(f"no {name} {wanted[name]}" for name in missing)
    install = " && ".join(f"pulumi plugin install resource {name} {wanted[name]}" for name in missing)
    if fetches:
        return ok(
            "plugins", f"{seen} yet: the next update fetches it, which takes minutes ({install} does it now)"
        )
    return bad(
        "plugins", f"{seen}, and PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION forbids to fetch it", install
    )


def provider(folder: Path, project: Mapping[str, object]) -> Finding:
    """Whether the project's own provider is where `project` (Pulumi.yaml) says that it is."""
    place = _place_of_provider(project)
    if place is None:
        line = f"plugins: {{providers: [{{name: {PROVIDER}, path: .venv/bin}}]}}"
        return bad("provider", f"Pulumi.yaml names no provider {PROVIDER}", f"write into Pulumi.yaml: {line}")
    program = folder / place / PROVIDER_PROGRAM
    if not program.is_file():
        return bad("provider", f"there is no {program}", f"{_INSTALL} && {_INSTALL_SELF}")
    if not os.access(program, os.X_OK):
        return bad("provider", f"{program} may not be run", f"chmod +x {program}")
    return ok("provider", str(program))


def _place_of_provider(project: Mapping[str, object]) -> str | None:
    plugins = project.get("plugins")
    named = plugins.get("providers") if isinstance(plugins, Mapping) else None
    for each in named if isinstance(named, list) else ():
        if isinstance(each, Mapping) and each.get("name") == PROVIDER:
            return str(each.get("path", "."))
    return None


def clock(skew: float) -> Finding:
    """`skew`: seconds by which this machine is ahead of AWS. AWS refuses signatures that are five minutes off."""
    seen = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} AWS's"
    remedy = "let the machine keep its time: sudo timedatectl set-ntp true"
    if abs(skew) >= 240:
        return bad("clock", f"{seen}; AWS refuses what is signed 300 s off", remedy)
    if abs(skew) > 10:
        return warn("clock", f"{seen}; times in the history are off by as much", remedy)
    return ok("clock", seen if abs(skew) >= 1 else "within a second of AWS's")
