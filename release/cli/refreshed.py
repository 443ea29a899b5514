"""What a refresh found to be otherwise than the state says, from the engine's event log. Pure.

The engine's own `--json` shows each resource as it was before it was asked for (Pulumi v3.259.0); its events tell what
came of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

_EVENT = "resOutputsEvent"


def drifted(events: Iterable[str]) -> tuple[str, ...]:
    """A line for each resource that is gone, or whose properties were changed; values are never told, since some are
    secrets.
    """
    found = []
    for line in events:
        try:
            told = json.loads(line).get(_EVENT)
        except ValueError:
            continue
        metadata = (told or {}).get("metadata") or {}
        if metadata.get("op") in ("update", "delete"):
            found.append(f"{_short(str(metadata.get('urn', '')))}: {_changes(metadata)}")
    return tuple(sorted(found))


def _changes(metadata: Mapping[str, Any]) -> str:
    if metadata["op"] == "delete":
        return "gone in AWS"
    old, new = (_outputs(metadata.get(name)) for name in ("old", "new"))
    # A provider may say nothing, or that it is empty.
    names = sorted(
        name for name in old.keys() | new.keys() if (old.get(name) or None) != (new.get(name) or None)
    )
    return f"{', '.join(names) or 'something'} changed in AWS"


def _outputs(state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (state or {}).get("outputs") or {}


def _short(urn: str) -> str:
    """The resource's type and name."""
    qualified, _, name = urn.rpartition("::")
    return f"{qualified.rpartition('::')[2].rpartition('$')[2]} {name}"
