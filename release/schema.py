"""The schema as the stack's state knows it: which revisions the database has, and who brought them. Pure.

The database's own table is the truth and nobody asks it here: what a release needed was applied before it booted, or it
would not have; a contract is in the ledger once it was applied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.ledger import Entry, Ledger, needs
from release.model import Migration

_COMMAND = "command:remote:Command"
_APPLIED = re.compile(r"^(?:\[ *[0-9.]+ s\] )?([A-Za-z0-9][A-Za-z0-9_.]{0,63}): applied$", re.MULTILINE)
"""The line that the migrator says for each revision it has applied."""


@dataclass(frozen=True)
class Run:
    """One run of the migrator on the operations host that ended well: what was asked for (`do` is migrate or contract),
    for which release (id), by whom, and what was said.
    """

    do: str
    release: str
    by: str
    revisions: tuple[str, ...]
    said: str

    @property
    def applied(self) -> tuple[str, ...]:
        """The revisions that this very run applied; others were in the database before."""
        return tuple(_APPLIED.findall(self.said))


@dataclass(frozen=True)
class Applied:
    """A revision that the database has. `kind` and `checksum` are empty where only a release that never became live
    holds it; `release` is the id of the one that brought it, as far as is known; `at` the moment in UTC (ISO 8601)
    where the ledger says it.
    """

    revision: str
    kind: str
    checksum: str
    release: str
    at: str = ""


def runs(resources: Iterable[Mapping[str, Any]]) -> tuple[Run, ...]:
    """Those of the releases whose fleet is in the state, or whose contract is."""
    found = []
    for resource in resources:
        outputs = resource.get("outputs") or {}
        if resource.get("type") == _COMMAND and isinstance(outputs.get("stdin"), str):
            run = _run(outputs)
            found += [run] if run else []
    return tuple(found)


def applied(ledger: Ledger, done: Sequence[Run]) -> tuple[Applied, ...]:
    """The revisions that the database has, in the order of the longest bundle; those of refused releases last."""
    contracts = {contract.revision: contract for contract in ledger.contracts}
    migrations: dict[str, Migration] = {}
    holders: dict[str, Entry] = {}
    for entry in sorted(ledger.entries, key=_age):
        for migration in entry.release.manifest.migrations:
            if migration.kind != "contract" or migration.revision in contracts:
                migrations.setdefault(migration.revision, migration)
                holders.setdefault(migration.revision, entry)
    seen = {revision: run.release for run in done for revision in run.applied}
    known = [
        Applied(
            revision,
            migration.kind,
            migration.checksum,
            contracts[revision].release
            if revision in contracts
            else seen.get(revision, holders[revision].release.id),
            contracts[revision].at if revision in contracts else "",
        )
        for revision, migration in migrations.items()
    ]
    live = {entry.release.id for entry in ledger.entries}
    tried = [
        Applied(revision, "", "", seen.get(revision, run.release))
        for run in done
        if run.release not in live
        for revision in run.revisions
        if revision not in migrations
    ]
    return (*known, *dict.fromkeys(tried))


def waiting(ledger: Ledger) -> tuple[Migration, ...]:
    """The contracts of the live release that were not applied yet."""
    done = {contract.revision for contract in ledger.contracts}
    found = ledger.live.release.manifest.migrations if ledger.live else ()
    return tuple(each for each in found if each.kind == "contract" and each.revision not in done)


def _age(entry: Entry) -> tuple[int, int]:
    """Migrations only ever become more, so who has fewer came first; a release that was live again has a new number."""
    return len(needs(entry.release)), entry.sequence


def _run(outputs: Mapping[str, Any]) -> Run | None:
    try:
        told = json.loads(outputs["stdin"])
        return Run(
            str(told["do"]),
            str(told["release"]),
            str(told["by"]),
            tuple(map(str, told["revisions"])),
            str(outputs.get("stdout") or ""),
        )
    except (ValueError, KeyError, TypeError):
        return None
