"""One comparable form for each Terraform value, so that values that mean the same are equal."""

from __future__ import annotations

from typing import Any

from localcloud.engine.aws.convert import TIMEOUTS
from localcloud.engine.aws.types import Collection, Structure, Type
from localcloud.engine.aws.unknown import UNKNOWN, Value


def canonical(kind: Type, value: Value, zero_is_null: bool = False) -> Any:
    """Sets without order; null, an empty collection and an empty map alike; time limits left out.

    An unknown value is equal to an unknown value and to nothing else. With `zero_is_null`, "", 0 and
    false are as null too: the older half of Terraform's provider cannot tell them apart, and reads one
    where it wrote another.
    """
    if value is None or value is UNKNOWN:
        return value
    match kind:
        case Structure():
            return tuple(
                canonical(field.type, value.get(field.terraform), zero_is_null)
                for field in kind.fields
                if field.terraform != TIMEOUTS
            )
        case Collection(kind="list"):
            return tuple(canonical(kind.element, inside, zero_is_null) for inside in value) or None
        case Collection(kind="set"):
            return (
                tuple(sorted((canonical(kind.element, inside, zero_is_null) for inside in value), key=repr))
                or None
            )
        case Collection():
            pairs = ((key, canonical(kind.element, inside, zero_is_null)) for key, inside in value.items())
            return tuple(sorted(pairs, key=lambda pair: pair[0])) or None
        case _:
            return None if zero_is_null and value in ("", 0) else value
