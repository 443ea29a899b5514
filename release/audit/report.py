"""The report as JSON's own types, from a state and a history. Pure: the same two always give the same report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from release.audit.masking import MASKED, Mask
from release.audit.record import Gate, Record
from release.history import Line, gaps, lines
from release.ledger import Entry
from release.model import Release
from release.schema import applied, waiting

FORMAT = 1

_BROUGHT = ("first", "release", "rollback")

UNKNOWN = (
    "why a release was refused is in the output of that update, and Pulumi keeps no output; its reason here is the one "
    "that was given for wanting it",
    "the gate's evidence is kept while a release has a fleet, and not for those that have left",
    "when an expand or a backfill ran, and for how long, is told by the table uneventful.migrations of the database",
)

WITHOUT_HISTORY = (
    "no history was given: who approved what, why, what was refused and what was rolled back are not told"
)


def report(record: Record, updates: Sequence[Mapping[str, Any]] | None, mask: Mask) -> dict[str, Any]:
    """Everything that the two say about releases, the latest first, every text masked.

    `updates` is what `pulumi stack history --json` prints; None where there is none: then nobody's approval, reason,
    refusal or rollback is known, and the report says so. `releases` has one object for each release of the ledger:
    `digest` names its bundle, `approver` is who ran the update that brought it live last by the history, `by` the user
    and machine by the ledger. Variables are told by name alone, with those that `changed` since the release before.
    """
    ledger = record.ledger
    told = lines(updates or (), ledger)
    brought = {line.wanted: line for line in reversed(told) if line.move in _BROUGHT}
    entries = list(ledger.entries)
    names = {entry.release.id: str(entry.release) for entry in entries}
    found = {
        "format": FORMAT,
        "project": record.project,
        "stack": record.stack,
        "moment": record.moment,
        "live": str(ledger.live.release) if ledger.live else None,
        "releases": [
            _release(entry, former.release if former else None, record, brought.get(str(entry.release)))
            for former, entry in reversed(list(zip([None, *entries], entries, strict=False)))
        ],
        "migrations": [
            asdict(each) | {"releaseName": names.get(each.release, f"release {each.release}, never live")}
            for each in applied(ledger, record.runs)
        ],
        "contractsWaiting": [
            {"revision": each.revision, "checksum": each.checksum} for each in waiting(ledger)
        ],
        "allowed": sorted({str(each) for entry in entries for each in entry.release.manifest.allowed}),
        "refusals": [_moved(line) for line in told if line.move == "refused"],
        "rollbacks": [_moved(line) for line in told if line.move == "rollback"],
        "updates": [_moved(line) | {"move": line.move, "changes": line.changes} for line in told],
        "secrets": [asdict(place) | {"value": MASKED} for place in record.secrets],
        "encryptedBy": record.encrypted_by,
        "unfinished": list(record.unfinished),
        "unknown": [*(gaps(told, ledger) if updates is not None else (WITHOUT_HISTORY,)), *UNKNOWN],
    }
    masked = _masked(found, mask)
    assert isinstance(masked, dict)
    return masked


def _release(entry: Entry, former: Release | None, record: Record, line: Line | None) -> dict[str, Any]:
    release = entry.release
    manifest, gate = release.manifest, record.gates.get(release.id, Gate("", ""))
    observed = entry.observed or (record.observed if record.shifted == release.id else "")
    return {
        "id": release.id,
        "version": release.version,
        "digest": manifest.digest,
        "size": manifest.size,
        "sequence": entry.sequence,
        "state": entry.state,
        "liveAt": entry.live_at,
        "warmUntil": entry.warm_until,
        "approver": line.who if line else None,
        "by": entry.by,
        "reason": line.reason if line else None,
        "commit": line.commit if line else None,
        "seconds": line.seconds if line else None,
        "cameFrom": line.former if line else None,
        "processes": [process.name for process in manifest.processes],
        "migrations": [migration.revision for migration in manifest.migrations],
        "variables": sorted(release.variables),
        "changed": _changed(former, release),
        "secretsVersion": release.secrets,
        "evidence": {
            "gatePassedAt": gate.passed_at,
            "gate": gate.evidence,
            "observed": observed.splitlines(),
            "baked": entry.baked,
            "promotion": entry.evidence,
        },
    }


def _changed(former: Release | None, release: Release) -> list[str]:
    """The names of variables that are new, gone or otherwise than in the release before."""
    before = former.variables if former else {}
    names = before.keys() | release.variables.keys()
    changed = [name for name in names if before.get(name) != release.variables.get(name)]
    return sorted(changed) if former else []


def _moved(line: Line) -> dict[str, Any]:
    return {
        "at": line.at,
        "seconds": line.seconds,
        "approver": line.who,
        "by": line.by,
        "former": line.former,
        "wanted": line.wanted,
        "result": line.result,
        "reason": line.reason,
        "commit": line.commit,
        "migrations": list(line.migrations),
        "requests": line.requests,
    }


def _masked(value: Any, mask: Mask, name: str = "") -> Any:
    """All texts but those that name things and are made of a few letters by their patterns."""
    if isinstance(value, dict):
        return {key: _masked(each, mask, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, mask, name) for each in value]
    return mask(value) if isinstance(value, str) and name not in _NAMES else value


_NAMES = frozenset(
    {"id", "digest", "checksum", "sequence", "state", "moment", "at", "liveAt", "path", "kind"}
)
