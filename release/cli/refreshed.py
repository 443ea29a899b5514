"""What a refresh found to be otherwise than the state says, from the engine's event log. Pure.

The engine's own `--json` shows each resource as it was before it was asked for (Pulumi v3.259.0); its events tell what
came of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_EVENT = "resOutputsEvent"
_NAMES = ("arn", "name")


@dataclass(frozen=True)
class Changed:
    """A resource that is `gone`, or some of whose `properties` were changed; no value of them, since some are secrets.

    `type` and `name` are the program's, `known_as` are AWS's names of it: its id, its ARN, its name.
    """

    type: str
    name: str
    properties: tuple[str, ...] = ()
    gone: bool = False
    known_as: tuple[str, ...] = ()

    def __str__(self) -> str:
        seen = "gone" if self.gone else f"{', '.join(self.properties) or 'something'} changed"
        return f"{self.type} {self.name}: {seen} in AWS"


def drifted(events: Iterable[str]) -> tuple[Changed, ...]:
    """Each resource that is gone, or whose properties were changed, in order."""
    found = []
    for line in events:
        try:
            told = json.loads(line).get(_EVENT)
        except ValueError:
            continue
        metadata = (told or {}).get("metadata") or {}
        if metadata.get("op") in ("update", "delete"):
            found.append(_changed(metadata))
    return tuple(sorted(found, key=str))


def _changed(metadata: Mapping[str, Any]) -> Changed:
    qualified, _, name = str(metadata.get("urn", "")).rpartition("::")
    state = metadata.get("old") or {}
    known = (state.get("id"), *(_outputs(state).get(key) for key in _NAMES))
    gone = metadata["op"] == "delete"
    return Changed(
        qualified.rpartition("::")[2].rpartition("$")[2],
        name,
        () if gone else _properties(metadata),
        gone,
        tuple(dict.fromkeys(each for each in known if each and isinstance(each, str))),
    )


def _properties(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    old, new = (_outputs(metadata.get(name)) for name in ("old", "new"))
    # A provider may say nothing, or that it is empty.
    return tuple(
        sorted(name for name in old.keys() | new.keys() if (old.get(name) or None) != (new.get(name) or None))
    )


def _outputs(state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (state or {}).get("outputs") or {}
