"""How long each migration took, by what the migrator said. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from release.schema import Run

_LINE = re.compile(
    r"^\[ *(?P<at>[0-9.]+) s\] (?P<revision>[A-Za-z0-9][A-Za-z0-9_.]{0,63})(?P<rest>[:,].*)$", re.M
)


def migrations(runs: Iterable[Run], release: str, kinds: dict[str, str]) -> list[dict[str, Any]]:
    """The revisions that the runs for this release (id) have applied: `seconds` from its first statement to its end,
    None where the migrator did not say.
    """
    return [
        {
            "revision": revision,
            "kind": kinds.get(revision, ""),
            "by": run.by,
            "seconds": _seconds(run.said, revision),
        }
        for run in runs
        if run.release == release
        for revision in run.applied
    ]


def _seconds(said: str, revision: str) -> float | None:
    """Its first line tells when the first statement begins."""
    told = [float(line["at"]) for line in _LINE.finditer(said) if line["revision"] == revision]
    return round(told[-1] - told[0], 1) if len(told) > 1 else None
