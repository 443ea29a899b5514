"""Who has locked a stack, and what is left of one who is gone."""

from __future__ import annotations

import time
from collections.abc import Sequence

from release.cli import unrecorded
from release.cli.backend import Lock, find, is_here, lives
from release.cli.engine import Engine
from release.cli.project import Project
from release.cli.terms import say, working

_PATIENCE = 60.0
"""How long (s) an update that was told to stop may take to end."""
_POLL = 0.5


def locks(project: Project) -> tuple[Lock, ...]:
    """The locks on the stack; none where the backend isn't one of one's own."""
    backend = find(project.folder, project.stack)
    return backend.locks() if backend else ()


def gone(held: Sequence[Lock]) -> bool:
    """Whether all of them are of processes that were on this machine and are no more."""
    return all(is_here(lock) and not lives(lock) for lock in held)


def settle(project: Project) -> tuple[Lock, ...]:
    """Wait for those who live to end their updates, and remove the locks of those who are gone; what is left."""
    held = locks(project)
    if held and not gone(held):
        until = time.monotonic() + _PATIENCE
        with working(f"waiting for {'; '.join(map(str, held))}"):
            while held and time.monotonic() < until and not gone(held):
                time.sleep(_POLL)
                held = locks(project)
    if held and gone(held):
        engine = Engine(project)
        engine.unlock()
        say(f"  the stack was locked by {'; '.join(map(str, held))}, which is gone: its lock is removed")
        unrecorded.end(project, engine, engine.state())
        return ()
    return held
