"""Between Pulumi's properties and Terraform's values, by the typed tree."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeAlias

from localcloud.engine.aws.types import Collection, Field, Primitive, Structure, Type
from localcloud.engine.aws.unknown import UNKNOWN, Tree, Value
from localcloud.engine.aws.values import Secret, is_asset

AssetPath: TypeAlias = Callable[[Tree], str]
"""Gives a file for an asset or an archive."""

TIMEOUTS = "timeouts"
"""Terraform keeps time limits as a part of the resource; Pulumi has them as an option beside it."""


def to_terraform(structure: Structure, properties: Tree, asset_path: AssetPath) -> Tree:
    """Every field of the structure, null where the properties have none. Properties it lacks are left out."""
    return {
        field.terraform: _field_to_terraform(field, properties.get(field.pulumi), asset_path)
        for field in structure.fields
    }


def to_pulumi(structure: Structure, state: Tree, secrets: bool = False) -> Tree:
    """The properties that the state has; with `secrets`, sensitive ones are wrapped."""
    properties: Tree = {}
    for field in structure.fields:
        value = _field_to_pulumi(field, state.get(field.terraform), secrets)
        if value is not None and field.terraform != TIMEOUTS:
            properties[field.pulumi] = Secret(value) if secrets and field.sensitive else value
    return properties


def field_to_pulumi(field: Field, value: Value) -> Value:
    """One field's value as a property, without secrets; None where it has none."""
    return _field_to_pulumi(field, value, secrets=False)


def _field_to_terraform(field: Field, value: Value, asset_path: AssetPath) -> Value:
    if value is None or field.terraform == TIMEOUTS:
        return _absent(field)
    if field.flat and value is not UNKNOWN:
        assert isinstance(field.type, Collection)
        return [_to_terraform(field.type.element, value, asset_path)]
    return _to_terraform(field.type, value, asset_path)


def _absent(field: Field) -> Value:
    """Terraform has nested blocks as empty collections, never as null."""
    if field.block and isinstance(field.type, Collection):
        return {} if field.type.kind == "map" else []
    return None


def _to_terraform(kind: Type, value: Value, asset_path: AssetPath) -> Value:
    if value is None or value is UNKNOWN:
        return value
    match kind:
        case Structure():
            return to_terraform(kind, value if isinstance(value, dict) else {}, asset_path)
        case Collection(kind="map"):
            return {
                key: _to_terraform(kind.element, inside, asset_path)
                for key, inside in value.items()
                if not key.startswith("__")
            }
        case Collection():
            values = value if isinstance(value, list) else [value]
            return [_to_terraform(kind.element, inside, asset_path) for inside in values]
        case Primitive():
            return asset_path(value) if is_asset(value) else primitive(kind, value)


def _field_to_pulumi(field: Field, value: Value, secrets: bool) -> Value:
    if value is None:
        return None
    if field.flat and value is not UNKNOWN:
        assert isinstance(field.type, Collection)
        return _to_pulumi(field.type.element, value[0], secrets) if value else None
    return _to_pulumi(field.type, value, secrets)


def _to_pulumi(kind: Type, value: Value, secrets: bool) -> Value:
    if value is None or value is UNKNOWN:
        return value
    match kind:
        case Structure():
            return to_pulumi(kind, value, secrets)
        case Collection(kind="map"):
            return {key: _to_pulumi(kind.element, inside, secrets) for key, inside in value.items()}
        case Collection():
            return [_to_pulumi(kind.element, inside, secrets) for inside in value]
        case Primitive():
            return primitive(kind, value)


def primitive(kind: Primitive, value: Value) -> Value:
    """A scalar as this type has it: Pulumi's programs give numbers for strings and the reverse."""
    match kind.kind:
        case "string":
            return _string(value)
        case "number":
            return _number(value)
        case "bool":
            return value.lower() == "true" if isinstance(value, str) else bool(value)
        case _:
            return value


def _string(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(value: Value) -> int | float:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            value = float(value)
    number: int | float = value
    return int(number) if isinstance(number, float) and number.is_integer() else number
