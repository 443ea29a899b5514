"""Terraform's types with Pulumi's names: what a resource, a data source or the provider is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Primitive:
    kind: Literal["string", "number", "bool", "dynamic"]


@dataclass(frozen=True)
class Collection:
    kind: Literal["list", "set", "map"]
    element: Type


@dataclass(frozen=True)
class Structure:
    """An object. Every field is present in Terraform's values, null where it is not set."""

    fields: tuple[Field, ...]

    @cached_property
    def by_terraform(self) -> dict[str, Field]:
        return {field.terraform: field for field in self.fields}

    @cached_property
    def by_pulumi(self) -> dict[str, Field]:
        return {field.pulumi: field for field in self.fields}


Type: TypeAlias = "Primitive | Collection | Structure"


@dataclass(frozen=True)
class Field:
    """One attribute or nested block.

    `flat`: Terraform has a list or set with one element, Pulumi has the element. `settable`: a program
    may give it. `computed`: AWS or the provider may decide it. `block`: a nested block, which Terraform
    never has as null.
    """

    terraform: str
    pulumi: str
    type: Type
    flat: bool = False
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False
    block: bool = False

    @property
    def settable(self) -> bool:
        return self.required or self.optional

    @property
    def repeated_block(self) -> bool:
        return self.block and is_sequence(self.type)


def is_sequence(kind: Type) -> bool:
    """A list or a set."""
    return isinstance(kind, Collection) and kind.kind in ("list", "set")


def innermost(kind: Type) -> Primitive | Structure:
    """What is inside any number of lists, sets and maps."""
    while isinstance(kind, Collection):
        kind = kind.element
    return kind


def walk(structure: Structure, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Field]]:
    """Every field at every depth with its path of Terraform names."""
    for field in structure.fields:
        here = (*path, field.terraform)
        yield here, field
        inside = innermost(field.type)
        if isinstance(inside, Structure):
            yield from walk(inside, here)
