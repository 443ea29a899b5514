"""How Pulumi names what Terraform's provider calls otherwise.

The rule is that of Pulumi's bridge: snake case becomes camel case, lists and sets are plural, a block
that may occur once is flattened. `names.json` holds what departs from it, by Pulumi token
(`s3/bucket:Bucket`), because two tokens may share a Terraform type and flatten differently. The truth is
the SDK's classes; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True)
class Departure:
    """`name` and `flat` override the rule where they are not None."""

    name: str | None = None
    flat: bool | None = None


Departures: TypeAlias = Mapping[str, Departure]
"""By dotted path of Terraform names inside one type, such as `rule.filter.and`."""


def camel(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def plural(word: str) -> str:
    if word.endswith(("ss", "x", "ch", "sh", "us")):
        return word + "es"
    if word.endswith("s"):
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def pulumi_name(terraform: str, siblings: frozenset[str], many: bool, departure: Departure) -> str:
    """The name by the rule, or the departure from it.

    `siblings` are the Terraform names beside it: neither a plural nor a departure may take another
    field's name.
    """
    if departure.name and departure.name not in {camel(other) for other in siblings if other != terraform}:
        return departure.name
    pluralized = plural(terraform) if many else terraform
    return camel(terraform if pluralized in siblings else pluralized)


@cache
def _all() -> Mapping[str, Departures]:
    raw = json.loads(Path(__file__).with_name("names.json").read_text())
    return {
        token: {path: Departure(**departure) for path, departure in paths.items()}
        for token, paths in raw.items()
    }


def departures(token: str) -> Departures:
    return _all().get(token, {})


def tokens_with_departures() -> tuple[str, ...]:
    return tuple(_all())
