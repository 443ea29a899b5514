"""Typed trees for tests, written as short as Terraform's own schemas would be long."""

from __future__ import annotations

from typing import Any

from localcloud.engine.aws.names import camel, plural
from localcloud.engine.aws.types import Collection, Field, Primitive, Structure, Type, is_sequence

STRING = Primitive("string")
NUMBER = Primitive("number")
BOOL = Primitive("bool")


def field(name: str, kind: Type = STRING, **flags: Any) -> Field:
    """An optional attribute unless the flags say otherwise."""
    flags = {"optional": not flags.get("required") and not flags.get("output")} | flags
    output = flags.pop("output", False)
    many = is_sequence(kind) and not flags.get("flat")
    return Field(
        name, camel(plural(name) if many else name), kind, **flags, **({"computed": True} if output else {})
    )


def block(name: str, *fields: Field, nesting: str = "list", one: bool = False) -> Field:
    """A nested block; `one` may occur once, and Pulumi has it flat."""
    kind = Collection(nesting, Structure(fields))  # type: ignore[arg-type]
    return field(name, kind, block=True, flat=one)


def tree(*fields: Field) -> Structure:
    return Structure(fields)


def list_of(kind: Type) -> Collection:
    return Collection("list", kind)


def set_of(kind: Type) -> Collection:
    return Collection("set", kind)


def map_of(kind: Type) -> Collection:
    return Collection("map", kind)
