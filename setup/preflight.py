"""What a machine needs before anything is installed, checked by name, all of it in one report.

No syntax newer than Python 3.6 here, so that an old Python is told of and not stumbled over.
"""

# ruff: noqa: UP006, UP035, UP045

import json
import os
import platform
import shutil
import subprocess
from typing import Any, List, Mapping, NamedTuple, Optional, Tuple

OLDEST = (3, 11)
NAMES = ("python3.11", "python3.12", "python3.13", "python3.14", "python3", "python")
TIMEOUT = 30
RUNBOOK = "docs/runbooks/setup.md"


class Problem(NamedTuple):
    """One thing that is missing: what, what was found instead, and what to do."""

    name: str
    seen: str
    remedy: str


class Found(NamedTuple):
    """The Python to go on with (empty: none), what is missing, and what is there in words."""

    python: str
    problems: List[Problem]
    summary: str


class Interpreter(NamedTuple):
    """A Python on this machine; `venv`: it can make virtual environments with pip in them."""

    path: str
    version: Tuple[int, int]
    venv: bool

    @property
    def label(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"


def check(root: str, environ: Optional[Mapping[str, str]] = None, system: str = "") -> Found:
    """Looks at this machine. Takes a second, and 3 s more where the network swallows packets."""
    environ = os.environ if environ is None else environ
    path = environ.get("PATH", os.defpath)
    system = system or platform.system()
    problems = []
    if system != "Linux":
        problems.append(Problem("Linux", f"this is {system}", "use a Linux machine, or a virtual one"))
    interpreters = find_interpreters(path)
    chosen = choose(interpreters)
    for name in ("make", "git"):
        if not shutil.which(name, path=path):
            remedy = f"install it: apt install {name}, or dnf install {name}"
            problems.append(Problem(name, "there is none on PATH", remedy))
    if chosen is None:
        problems += [describe(interpreters), NOT_LOOKED_AT]
        return Found("", problems, "")
    missing, ways = ask(chosen.path, root, environ)
    summary = f"{system}, Python {chosen.label} ({chosen.path}), make, git, {ways}"
    return Found(chosen.path, problems + missing, summary)


NOT_LOOKED_AT = Problem(
    "a way to Pulumi",
    "not looked at, since that needs the Python above",
    "have a network that lets get.pulumi.com through, or Go 1.26 or newer and a Terraform AWS provider on disk",
)


def find_interpreters(path: str) -> List[Interpreter]:
    """Every Python on `path` that runs, in the order of NAMES. A name may be a shim that does not run."""
    found = []
    for name in NAMES:
        executable = shutil.which(name, path=path)
        interpreter = look(executable) if executable else None
        if interpreter:
            found.append(interpreter)
    return found


def look(executable: str) -> Optional[Interpreter]:
    code = (
        "import sys\n"
        "try:\n import ensurepip, venv\n ok = 1\n"
        "except ImportError:\n ok = 0\n"
        "print(sys.version_info[0], sys.version_info[1], ok, sys.executable)"
    )
    said = output([executable, "-c", code]).split(None, 3)
    if len(said) != 4:
        return None
    return Interpreter(said[3].strip(), (int(said[0]), int(said[1])), said[2] == "1")


def choose(interpreters: List[Interpreter]) -> Optional[Interpreter]:
    """The first that is new enough and can make virtual environments."""
    for interpreter in interpreters:
        if interpreter.version >= OLDEST and interpreter.venv:
            return interpreter
    return None


def describe(interpreters: List[Interpreter]) -> Problem:
    """What is wrong with the Pythons that were found."""
    for each in interpreters:
        if each.version >= OLDEST:
            return Problem(
                "Python's venv module",
                f"{each.path} ({each.label}) comes without venv or ensurepip",
                f"install it: apt install python{each.label}-venv",
            )
    seen = ", ".join(f"{each.path} is {each.label}" for each in interpreters)
    return Problem(
        "Python 3.11 or newer",
        seen or "there is no Python on PATH",
        "install one: apt install python3.11 python3.11-venv, dnf install python3.11, or pyenv install 3.11",
    )


def ask(python: str, root: str, environ: Mapping[str, str]) -> Tuple[List[Problem], str]:
    """What `setup.ways` says about ways to the engine; it runs in `python`, which is new enough."""
    try:
        said = json.loads(output([python, "-m", "setup.ways"], cwd=root, env=dict(environ)))
    except ValueError:
        seen = f"`{python} -m setup.ways` ended without an answer"
        return [Problem("a way to Pulumi", seen, "run it and see")], ""
    return [Problem(*each) for each in said["problems"]], str(said["summary"])


def output(command: List[str], **options: Any) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
            **options,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    text: str = done.stdout.decode("utf-8", "replace")
    return text


def report(problems: List[Problem]) -> str:
    number = f"{len(problems)} things that are" if len(problems) > 1 else "one thing that is"
    lines = [f"This machine lacks {number} needed:\n"]
    lines += [f"  - {each.name}: {each.seen}.\n      {each.remedy}.\n" for each in problems]
    lines.append("Nothing was changed. Run the same command again when nothing is missing.\n")
    lines.append(f"runbook: {RUNBOOK}\n")
    return "".join(lines)
