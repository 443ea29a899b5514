"""What a change of inputs means for a command that has already run. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """`changed`: the inputs that are not what they were, sorted. `replaces`: those that call for a new resource."""

    changed: tuple[str, ...]
    replaces: tuple[str, ...]


def compare(old: Mapping[str, Any], new: Mapping[str, Any], ignored: Sequence[str] = ()) -> Difference:
    """Any changed input runs `update`, or `create` again where there is none; changed triggers replace the resource
    when there is no `update` (the documentation of pulumi-command 1.2.1's `triggers`). An input named in
    `ignored` (a property or a path below it) counts as unchanged."""
    roots = {path.split(".")[0].split("[")[0] for path in ignored}
    names = {name for name in {*old, *new} if not name.startswith("__") and name not in roots}
    changed = tuple(sorted(name for name in names if old.get(name) != new.get(name)))
    replaces = ("triggers",) if "triggers" in changed and not new.get("update") else ()
    return Difference(changed, replaces)
