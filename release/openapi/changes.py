"""What changes between two OpenAPI documents for those who call the older one. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

BREAKS, MAY_BREAK = "breaks", "may break"
_LEVELS = {3: BREAKS, 2: MAY_BREAK}
"""oasdiff's levels, ERR and WARN (its `checker/level.go`); what is only information is left out."""


@dataclass(frozen=True, order=True)
class Change:
    """One change: `level` is "breaks" or "may break", `operation` and `path` where, `text` what, `rule` oasdiff's name
    of it.
    """

    level: str
    path: str
    operation: str
    text: str
    rule: str

    def __str__(self) -> str:
        where = f"{self.operation} {self.path}: " if self.path else ""
        return f"{self.level} clients: {where}{self.text}"


def parse(printed: str) -> tuple[Change, ...]:
    """What `oasdiff breaking --format json` printed, what breaks first. Raises ValueError for anything else."""
    told = json.loads(printed) if printed.strip() else []
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise ValueError(f"no list of changes: {printed[:80]!r}")
    changes = {
        Change(
            level=_LEVELS[each["level"]],
            path=str(each.get("path", "")),
            operation=str(each.get("operation", "")),
            text=str(each.get("text", "")),
            rule=str(each.get("id", "")),
        )
        for each in told
        if each.get("level") in _LEVELS
    }
    return tuple(sorted(changes))


def breaking(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Those that stop a release."""
    return tuple(change for change in changes if change.level == BREAKS)
