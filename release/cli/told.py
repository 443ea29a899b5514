"""The status of an environment as JSON's own types: what `--json` prints, and what `--all` reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from release.cli.facts import FleetFacts
from release.cli.standing import Standing
from release.cli.state import StackState


def as_object(stack: str, state: StackState, standing: Standing, locks: Sequence[str] = ()) -> dict[str, Any]:
    """One environment.

    `releases` has one object for each fleet, live first: `state` is live, warm or candidate; `weight` is
    what the balancer's rule says (null where it doesn't name the fleet), `served` the share of `sampled`
    answers on fresh connections (0 to 1), `wanted` the size that the auto-scaling group keeps up, `warmUntil` when a
    warm one shrinks (empty: no time ends that). `workers` are its other processes; `turn` is working or resting, empty
    where nobody told the instances. `schedules` are those of `owner`, the live release. `lease` is null where nobody
    ever had it. `unknown` says what could not be asked, and why; `asked` is false where AWS could not be asked at all:
    then all that is here is the state's.
    """
    live, facts = state.ledger.live, standing.facts
    newest = standing.schema.newest
    return {
        "stack": stack,
        "url": state.url,
        "asked": facts is not None,
        "live": live.release.id if live else None,
        "liveVersion": live.release.version if live else None,
        "liveAt": live.live_at if live else None,
        "sampled": facts.sampled if facts else 0,
        "failures": facts.failures if facts else "",
        "releases": [_fleet(fleet, state, standing) for fleet in facts.fleets] if facts else _recorded(state),
        "schedules": {
            "owner": live.release.id if live and standing.schedules else None,
            "entries": [entry.dump() for entry in standing.schedules],
        },
        "schema": {
            "revision": newest.revision if newest else None,
            "by": newest.release if newest else None,
            "contractsWaiting": list(standing.schema.waiting),
        },
        "queues": [asdict(depth) for depth in standing.queues],
        "alarms": list(standing.alarms),
        "drift": list(standing.drift),
        "lease": asdict(standing.lease) | {"alive": standing.lease.alive} if standing.lease else None,
        "locks": list(locks),
        "freeze": standing.freeze,
        "unknown": list(standing.unknown),
    }


def _fleet(fleet: FleetFacts, state: StackState, standing: Standing) -> dict[str, Any]:
    assert standing.facts is not None
    entry = state.ledger.find(fleet.release)
    return {
        "id": fleet.release,
        "version": fleet.version,
        "state": fleet.role,
        "weight": fleet.weight,
        "served": standing.facts.share(fleet.release),
        "healthy": fleet.healthy,
        "targets": fleet.targets,
        "wanted": fleet.wanted,
        "warmUntil": entry.warm_until if entry and fleet.role == "warm" else None,
        "workers": [
            {
                "process": each.group.process,
                "turn": each.turn,
                "healthy": each.healthy,
                "wanted": each.wanted,
                "least": each.least,
                "most": each.most,
            }
            for each in standing.workers
            if each.group.release == fleet.release
        ],
    }


def _recorded(state: StackState) -> list[dict[str, Any]]:
    """What the state alone knows."""
    entries = [*([state.ledger.live] if state.ledger.live else []), *state.ledger.warm]
    return [
        {
            "id": entry.release.id,
            "version": entry.release.version,
            "state": entry.state,
            **dict.fromkeys(("weight", "served", "healthy", "targets", "wanted")),
            "warmUntil": entry.warm_until if entry.state == "warm" else None,
            "workers": [],
        }
        for entry in entries
    ] + [
        {
            "id": fleet.release,
            "version": fleet.version,
            "state": "candidate",
            **dict.fromkeys(("weight", "served", "healthy", "targets", "wanted", "warmUntil")),
            "workers": [],
        }
        for fleet in state.candidates
    ]
