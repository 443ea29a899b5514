"""What deploy, promote and rollback tell programs when they have ended well: who serves now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from release.cli.facts import Facts
    from release.cli.state import StackState


def as_object(stack: str, state: StackState, facts: Facts, seconds: float) -> dict[str, Any]:
    """`served` counts, by release (id), the `sampled` answers on fresh connections; `seconds` since the command."""
    live = state.ledger.live
    assert live is not None
    return {
        "stack": stack,
        "url": state.url,
        "live": live.release.id,
        "liveVersion": live.release.version,
        "digest": live.release.manifest.digest,
        "liveAt": live.live_at,
        "sampled": facts.sampled,
        "served": dict(facts.served),
        "warm": [
            {"id": each.release.id, "version": each.release.version, "warmUntil": each.warm_until}
            for each in state.ledger.warm
        ],
        "seconds": round(seconds, 1),
    }
