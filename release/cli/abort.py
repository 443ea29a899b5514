"""`release abort`: a release that runs, here or on another machine, is stopped; its traffic goes back first.

Until its update has ended it gets no traffic, whatever it does: what was live is pinned, which a shift looks for before
each write and a gate each second. So an update that migrates or boots its fleet ends at its gate, at the latest.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from release.cli.terms import Stack, say
from release.errors import NoWayBack, RollbackUnrecorded, StackBusy

if TYPE_CHECKING:
    from release.cli.backend import Lock
    from release.cli.project import Project
    from release.cli.state import StackState

_WHY = "release abort"


def abort(stack: Stack) -> None:
    """Stop the release that runs on a stack. Ends with 0 when what was live has all the traffic, and nothing runs.

    Example: release abort --stack production
    """
    from release.aws import warm
    from release.cli.project import Project

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    warm("elbv2", "s3")
    from release.cli.backend import find
    from release.cli.engine import Engine
    from release.cli.locks import locks
    from release.cli.traffic import look
    from release.provider.lease import NOBODY

    state = Engine(project).state()
    now, record = asyncio.run(look(state))
    held = locks(project)
    live = state.ledger.live
    # An earlier abort, which did not see its update end, has pinned what is live.
    if now.pinned not in ("", live.release.id if live else NOBODY) and not now.releasing:
        raise NoWayBack(
            "what runs is no release: a rollback moved the traffic, and is not recorded yet",
            expected="a release that is on its way",
            seen=f"all traffic meant for {now.pinned}; the last writer of the weights: {record.get('holder')}",
            state="nothing was changed",
            next=f"release rollback --to {now.pinned} --stack {stack}",
        )
    if not held and not now.unfinished and not now.releasing and not now.pinned:
        serves = f"{live.release} is live" if live else "nothing is live yet"
        if find(project.folder, project.stack) is None:
            say(f"nobody moves the traffic of {stack}: {serves}")
            say(
                f"  who updates it is known to Pulumi's service alone: pulumi cancel --stack {stack} stops one"
            )
            return
        say(f"nothing runs on {stack}: {serves}")
        return
    for lock in held:
        say(f"an update runs: {lock}")
    if state.bucket:
        _take_back(state)
    _end(project, state, held)


def _take_back(state: StackState) -> None:
    from release.cli.return_traffic import to_live

    moved, live = to_live(state, _WHY), state.ledger.live
    if moved is None or live is None:
        say("nobody gets traffic: nothing was live before")
        return
    if moved.former:
        say(f"  the last writer of the weights, {moved.former}")
    say(f"{live.release} has all the traffic, proven by {moved.probes} probes")


def _end(project: Project, state: StackState, held: tuple[Lock, ...]) -> None:
    """The update itself, where it can be told; until it has ended it gets no traffic any more."""
    from release.cli.backend import is_here, lives
    from release.cli.engine import Engine
    from release.cli.locks import settle
    from release.cli.traffic import ports
    from release.immediate import unpin

    for lock in held:
        if is_here(lock) and lives(lock):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(lock.pid, signal.SIGINT)
                say(f"told process {lock.pid} to stop")
    left = settle(project)
    if left:
        raise StackBusy(
            "the update still runs, and gets no traffic",
            expected="it to end within 60 s",
            seen="; ".join(map(str, left)),
            state="all traffic is where it was before the release, and no update can give it to another one",
            next=f"stop it where it runs, then: release abort --stack {project.stack}",
        )
    live, after = state.ledger.live, Engine(project).state().ledger.live
    if live and after and after.release.id != live.release.id:
        raise RollbackUnrecorded(
            f"{after.release} was recorded as live before it could be stopped",
            expected=f"{live.release} live, as when this command began",
            seen=f"{after.release} live in the stack's state",
            state=f"all traffic is on {live.release}, proven, and no update can give it to another one",
            next=f"release rollback --to {live.release.id} --stack {project.stack} records it",
        )
    if state.bucket:
        asyncio.run(unpin(ports(state, "/")))
    say(f"stopped; its fleet, if it has one: pulumi up --stack {project.stack} removes it")
