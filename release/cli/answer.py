"""What `--json` promises: stdout has one JSON object, whether the command went well or not.

A command that also talks, or has the engine talk, calls `alone` first: all of that goes to stderr, of its children
too. An error is an object as well; its text goes to stderr as always, and the exit status is the same.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.errors import UneventfulError, page

_STDOUT, _STDERR = 1, 2


@dataclass
class _Answer:
    """Whether JSON is `wanted`, whether something was `told` on stdout already, and stdout while it is `kept`."""

    wanted: bool = False
    told: bool = False
    kept: int | None = None


_answer = _Answer()


def begin(arguments: Sequence[str]) -> None:
    """A command line begins; what is behind `--` is another command's."""
    own = list(arguments)
    _answer.wanted = "--json" in own[: own.index("--") if "--" in own else None]
    _answer.told = False


def alone() -> None:
    """From now on stdout is for the answer only."""
    if _answer.kept is None:
        sys.stdout.flush()
        _answer.kept = os.dup(_STDOUT)
        os.dup2(_STDERR, _STDOUT)


def noted() -> None:
    """Something was said on stdout."""
    if _answer.kept is None:
        _answer.told = True


def tell(told: Mapping[str, Any]) -> None:
    """The one object of a command that called `alone`."""
    assert _answer.kept is not None
    _write(told)


def refuse(
    error: UneventfulError | None = None, *, kind: str = "", what: str = "", next: str = "", runbook: str = ""
) -> None:
    """The error as an object, where JSON is wanted and nothing was told yet."""
    if not _answer.wanted or _answer.told:
        return
    said = (
        {
            "kind": type(error).__name__,
            **{name: getattr(error, name) for name in ("what", "expected", "seen", "state", "next")},
            "runbook": page(error.runbook) if error.runbook else "",
        }
        if error
        else {
            "kind": kind,
            "what": what,
            "expected": "",
            "seen": "",
            "state": "",
            "next": next,
            "runbook": page(runbook) if runbook else "",
        }
    )
    _write({"error": said})


def end() -> None:
    """The command line has ended: stdout is what it was."""
    if _answer.kept is not None:
        sys.stdout.flush()
        os.dup2(_answer.kept, _STDOUT)
        os.close(_answer.kept)
        _answer.kept = None
    _answer.wanted = False


def _write(told: Mapping[str, Any]) -> None:
    _answer.told = True
    data = (json.dumps(told, indent=2) + "\n").encode()
    if _answer.kept is None:
        sys.stdout.write(data.decode())
        sys.stdout.flush()
        return
    while data:
        data = data[os.write(_answer.kept, data) :]
