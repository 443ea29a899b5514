"""Traffic, workers and schedules back to what is live by the ledger, whoever had moved them and whether or not they
live.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from release.cli.traffic import group_of, look, ports
from release.errors import UneventfulError

if TYPE_CHECKING:
    from release.cli.state import StackState
    from release.immediate import Moved


def to_live(state: StackState, why: str) -> Moved | None:
    """Give what is live all the traffic, proven, and pin it, then its workers their turn; None, and nobody gets any
    traffic, where nothing is live.

    Raises what `release.immediate.move` raises.
    """
    from release.cli.following import follow
    from release.immediate import Target, give_way, move

    started = time.monotonic()
    live = state.ledger.live
    if live is None:
        asyncio.run(give_way(why, ports(state, "/")))
        return None
    release = live.release
    target = Target(release.id, str(release), group_of(state, release.id), state.listener)
    moved = asyncio.run(move(target, why, ports(state, release.manifest.health_path)))
    asyncio.run(follow(state, release, why, started))
    return moved


def left_by_the_dead(state: StackState, stack: str) -> str:
    """Put back what an update has left that did not put it back itself, since its provider was killed or AWS did not
    answer; what was done, in words, or what to type where that failed. Empty where nothing was left.

    Whoever drives the traffic still is waited for, or asked; a rollback's traffic stays where it is.
    """
    from release.immediate import unpin

    live = state.ledger.live
    if live is None or not state.bucket:
        return ""
    try:
        now, _ = asyncio.run(look(state))
        if now.pinned or not any(w for release, w in now.weights.items() if release != live.release.id):
            return ""
        to_live(state, "the update that moved traffic has ended, and left it there")
        asyncio.run(unpin(ports(state, "/")))
    except UneventfulError as error:
        return f"traffic may not be where it was: {error.what}; release abort --stack {stack} puts all of it back"
    return f"{live.release} was given back all the traffic, which the update had left elsewhere"
