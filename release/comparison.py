"""Where two environments' settings differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.configuration import AWS, OWN
from infra.settings import Settings


@dataclass(frozen=True)
class Difference:
    """A setting by its full key, and its value in either environment in JSON's own types.

    None is a setting that is not set: an optional one, or a variable that the other environment has.
    """

    key: str
    first: Any
    second: Any


@dataclass(frozen=True)
class Comparison:
    """The `differences` in the order of `Settings`; so many other settings are `identical`, defaults included."""

    differences: tuple[Difference, ...]
    identical: int


def compare(first: Settings, second: Settings) -> Comparison:
    """Every setting of the two but the stack's name. A list is one setting, each variable is one."""
    pairs = tuple(_pairs("", _values(first), _values(second)))
    differences = tuple(pair for pair in pairs if pair.first != pair.second)
    return Comparison(differences, len(pairs) - len(differences))


def _values(settings: Settings) -> dict[str, Any]:
    keys = {field: key for key, field in AWS.items()}
    values = settings.model_dump(mode="json", exclude={"stack"})
    return {keys.get(field, f"{OWN}{field}"): value for field, value in values.items()}


def _pairs(key: str, first: Any, second: Any) -> Iterator[Difference]:
    if not (isinstance(first, dict) and isinstance(second, dict)):
        yield Difference(key, first, second)
        return
    # Parts have the same names on both sides, in the order that they are described in; variables may not.
    names = list(first) if first.keys() == second.keys() else sorted(first.keys() | second.keys())
    for name in names:
        yield from _pairs(f"{key}.{name}" if key else name, first.get(name), second.get(name))
