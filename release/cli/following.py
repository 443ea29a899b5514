"""Who follows the traffic when a command has moved it: workers and schedules, by the stack's state."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from release.cli.terms import say
from release.errors import UneventfulError

if TYPE_CHECKING:
    from release.cli.state import StackState
    from release.following import Followed, Followers
    from release.model import Release

_BEGIN_SECONDS = 60.0
"""How long workers may take to begin, beyond the time that others have to finish what they hold."""


async def follow(state: StackState, release: Release, reason: str, started: float) -> bool:
    """Let workers and schedules be those of the release as well, and say so; False, with the reason said, where not
    all of them did. An update does the rest.
    """
    from release.aws import Calls
    from release.cli.traffic import ports
    from release.following import follow
    from release.scheduler import Scheduler
    from release.worker_instances import AwsInstances

    def told() -> None:
        say(f"workers and schedules told {time.monotonic() - started:.2f} s after the command")

    try:
        followed = await follow(
            followers(state, release),
            reason,
            ports(state, release.manifest.health_path),
            AwsInstances(state.bucket),
            Scheduler(Calls("scheduler"), state.schedule_group) if state.schedule_group else None,
            told,
        )
    except UneventfulError as error:
        say(f"  not all of them follow: {error.what}")
        for line in error.seen.splitlines():
            say(f"    {line}")
        return False
    _tell(followed, started)
    return True


def followers(state: StackState, release: Release) -> Followers:
    """Whom the state knows. Workers who cannot be told whose turn it is are left to the update."""
    from release.following import Followers
    from release.scheduler import Entry
    from release.turns import Team

    held = state.schedules.get(release.id)
    entries = [entry.release for entry in (state.ledger.live, *state.ledger.warm) if entry]
    drain = max([release.manifest.drain_seconds, *(each.manifest.drain_seconds for each in entries)])
    return Followers(
        release=release.id,
        teams=[
            Team(group.release, group.process, group.name, state.log_groups.get(group.process, ""))
            for group in state.groups
            if not group.web and group.release not in state.unruly
        ],
        schedules=None if held is None else [Entry.load(entry) for entry in held],
        limit=_BEGIN_SECONDS + drain,
    )


def _tell(followed: Followed, started: float) -> None:
    changes = str(followed.schedules)
    say(
        f"  workers: {followed.standing}, {followed.seen - started:.2f} s after the command"
        + (f"; schedules: {changes}" if changes else "")
    )
