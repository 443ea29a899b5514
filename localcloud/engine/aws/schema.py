"""From the Terraform provider's own schema to `types`, by way of a plain form that is kept in the cache."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from localcloud.engine.aws.names import Departure, Departures, pulumi_name
from localcloud.engine.aws.types import Collection, Field, Primitive, Structure, Type, is_sequence

PlainBlock = dict[str, Any]
_NESTING: dict[int, Literal["list", "set", "map"] | None] = {1: None, 2: "list", 3: "set", 4: "map", 5: None}
_FLAGS = ("required", "optional", "computed", "sensitive")


@dataclass(frozen=True)
class PlainSchema:
    """The schema of one resource type or data source as JSON-able data, with its version of the state."""

    version: int
    block: PlainBlock


def plain(block: Any) -> PlainBlock:
    """A `Schema.Block` message as JSON-able data."""
    return {
        "attributes": [
            {"name": attribute.name, "type": json.loads(attribute.type)}
            | {flag: True for flag in _FLAGS if getattr(attribute, flag)}
            for attribute in block.attributes
        ],
        "blocks": [
            {
                "name": nested.type_name,
                "nesting": nested.nesting,
                "min": nested.min_items,
                "max": nested.max_items,
                "block": plain(nested.block),
            }
            for nested in block.block_types
        ],
    }


def structure(block: PlainBlock, departures: Departures, path: str = "") -> Structure:
    """The typed tree of a block, with Pulumi's names throughout."""
    attributes, blocks = block["attributes"], block["blocks"]
    siblings = frozenset(entry["name"] for entry in (*attributes, *blocks))
    fields = [_attribute(entry, siblings, departures, path) for entry in attributes]
    fields += [_nested(entry, siblings, departures, path) for entry in blocks]
    return Structure(tuple(fields))


def _attribute(entry: dict[str, Any], siblings: frozenset[str], departures: Departures, path: str) -> Field:
    name = entry["name"]
    here = f"{path}{name}"
    kind = _type(entry["type"], departures, here)
    departure = departures.get(here, Departure())
    flat = bool(departure.flat)
    return Field(
        name,
        pulumi_name(name, siblings, is_sequence(kind) and not flat, departure),
        kind,
        flat=flat,
        **{flag: bool(entry.get(flag)) for flag in _FLAGS},
    )


def _nested(entry: dict[str, Any], siblings: frozenset[str], departures: Departures, path: str) -> Field:
    name = entry["name"]
    here = f"{path}{name}"
    inside = structure(entry["block"], departures, f"{here}.")
    nesting = _NESTING[entry["nesting"]]
    kind: Type = Collection(nesting, inside) if nesting else inside
    departure = departures.get(here, Departure())
    flat = is_sequence(kind) and entry["max"] == 1 if departure.flat is None else departure.flat
    return Field(
        name,
        pulumi_name(name, siblings, is_sequence(kind) and not flat, departure),
        kind,
        flat=flat,
        required=entry["min"] > 0,
        optional=entry["min"] == 0,
        block=True,
    )


def _type(encoded: Any, departures: Departures, path: str) -> Type:
    """A type in cty's JSON form: "string", ["list", "string"], ["object", {"name": "string"}]."""
    if isinstance(encoded, str):
        return Primitive(encoded)  # type: ignore[arg-type]
    kind, inside = encoded
    if kind != "object":
        return Collection(kind, _type(inside, departures, path))
    siblings = frozenset(inside)
    return Structure(
        tuple(_member(name, inside[name], siblings, departures, path) for name in sorted(inside))
    )


def _member(name: str, encoded: Any, siblings: frozenset[str], departures: Departures, path: str) -> Field:
    here = f"{path}.{name}"
    kind = _type(encoded, departures, here)
    departure = departures.get(here, Departure())
    flat = bool(departure.flat)
    many = is_sequence(kind) and not flat
    return Field(
        name, pulumi_name(name, siblings, many, departure), kind, flat=flat, optional=True, computed=True
    )
