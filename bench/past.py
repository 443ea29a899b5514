"""What a long past costs: the same commands with three past releases in the ledger, and with a thousand."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bench.figures import Figure
from bench.rollback import written
from bench.workplace import Workplace
from release.folding import unfolded
from release.ledger import Ledger
from release.model import Manifest, freeze

FEW, MANY = 3, 1000
RATIO = 1.1
RUNS = 5
COMMANDS = {
    "status": ("release", "status", "--stack", "dev", "--json"),
    "plan": ("pulumi", "preview", "--non-interactive", "--stack", "dev"),
}


def long_past(place: Workplace, environ: Mapping[str, str], say: Callable[[str], None]) -> tuple[Figure, ...]:
    """Status, plan and rollback, whose time is that until the weights are written; medians of `RUNS`."""
    few, many = (_measured(place, environ, past, say) for past in (FEW, MANY))
    how = (
        f"wall time with {MANY} past releases in the ledger over that with {FEW}, in the same environment; "
        f"medians of {RUNS}"
    )
    return tuple(Figure(f"{name} / {FEW}", many[name] / few[name], RATIO, "x", how) for name in few)


def with_past(state: Mapping[str, Any], past: int) -> dict[str, Any]:
    """The exported state with so many retired releases in its ledger, in place of those that it has, written as the
    program writes them. Pure.
    """
    changed: dict[str, Any] = json.loads(json.dumps(state))
    for resource in changed["deployment"]["resources"]:
        if resource["type"] == "pulumi:pulumi:Stack":
            ledger = resource["outputs"]["ledger"]
            entries = [entry for entry in unfolded(ledger["entries"]) if entry["state"] != "retired"]
            for entry in entries:
                entry["sequence"] += past
            retired = [_retired(entries[0], number) for number in range(past)]
            told = Ledger.parse({**ledger, "entries": [*retired, *entries]})
            resource["outputs"]["ledger"] = replace(told, entries=tuple(told.entries)).dump()
    return changed


def _retired(entry: dict[str, Any], number: int) -> dict[str, Any]:
    words = entry["release"]
    manifest = Manifest.model_validate({**words["manifest"], "version": f"past-{number}"})
    release = freeze(manifest, words["variables"], words["secrets"]).model_dump(mode="json")
    return {**entry, "sequence": number + 1, "state": "retired", "release": release}


def _measured(
    place: Workplace, environ: Mapping[str, str], past: int, say: Callable[[str], None]
) -> dict[str, float]:
    state = place.ask(("pulumi", "stack", "export", "--stack", "dev"), environ)
    file = place.scratch / "past.json"
    file.write_text(json.dumps(with_past(state, past)))
    place.run(("pulumi", "stack", "import", "--stack", "dev", "--file", str(file)), environ)
    seen = {name: [_wall(place, environ, command) for _ in range(RUNS)] for name, command in COMMANDS.items()}
    seen["rollback"] = [written(place, environ) for _ in range(RUNS)]
    medians = {name: statistics.median(times) for name, times in seen.items()}
    told = ", ".join(f"{name} {value:.2f} s" for name, value in medians.items())
    say(f"  with {past} past releases in the ledger: {told}")
    return medians


def _wall(place: Workplace, environ: Mapping[str, str], command: tuple[str, ...]) -> float:
    began = time.monotonic()
    place.run(command, environ)
    return time.monotonic() - began
