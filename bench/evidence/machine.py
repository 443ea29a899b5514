"""The machine that measures, as it describes itself; and what it lacks."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

from bench.evidence import haproxy, nginx
from bench.evidence.kept import Machine

_ASKED = {
    "nginx": ("-v",),
    "haproxy": ("-v",),
    "wrk": ("-v",),
    "python3": ("--version",),
    "pulumi": ("version",),
}
_PACKAGES = {
    "nginx": (nginx.PROGRAM, nginx.PACKAGE),
    "HAProxy": (haproxy.PROGRAM, haproxy.PACKAGE),
    "stop and start": (nginx.PROGRAM, nginx.PACKAGE),
    "rolling restart": (nginx.PROGRAM, nginx.PACKAGE),
}


def lacking(contenders: Collection[str], wrk: bool) -> tuple[str, ...]:
    """What is not there, by name, each with the way to get it."""
    needed = {_PACKAGES[name] for name in contenders if name in _PACKAGES} | (
        {("wrk", "wrk")} if wrk else set()
    )
    return tuple(
        f"{program} (Debian, Ubuntu: apt-get install {package})"
        for program, package in sorted(needed)
        if not shutil.which(program, path=nginx.PLACES)
    )


def described() -> Machine:
    return Machine(
        processor=_field(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        cores=os.cpu_count() or 1,
        memory=f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        kernel=platform.release(),
        system=_field(Path("/etc/os-release"), "PRETTY_NAME", "=").strip('"'),
        versions={name: version for name in _ASKED if (version := _version(name))},
    )


def _field(file: Path, name: str, mark: str = ":") -> str:
    """The first value of that name in a file of the system; empty where there is none."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(mark)[2].strip() for line in lines if line.startswith(name)), "")


def _version(name: str) -> str:
    """The first line that a program says of its version; empty where it is not there."""
    program = shutil.which(name, path=nginx.PLACES)
    if not program:
        return ""
    done = subprocess.run([program, *_ASKED[name]], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    return said[0].strip() if said else ""
