"""Pulumi's properties to plain Python values and back, with what was secret remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from google.protobuf import struct_pb2
from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType
from pulumi.runtime import rpc


class Unknown:
    """A value that is not known yet, in a preview. Equal to nothing, itself included: an unknown may change."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return False


UNKNOWN = Unknown()

_SENTINEL = rpc.UNKNOWN
"""How an unknown value travels; `PropertyValue` of SDK 3.272 leaves it a string and cannot marshal its `Computed`."""


def unmarshal(struct: struct_pb2.Struct) -> dict[str, PropertyValue]:
    return dict(PropertyValue.unmarshal_map(struct))


def plain(properties: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """The values without their secrecy; what is not known is UNKNOWN."""
    return {name: _plain(value) for name, value in properties.items()}


def _plain(value: PropertyValue) -> Any:
    if value.type == PropertyValueType.COMPUTED or value.value == _SENTINEL:
        return UNKNOWN
    if value.type == PropertyValueType.ARRAY:
        return [_plain(item) for item in cast("Sequence[PropertyValue]", value.value)]
    if value.type == PropertyValueType.MAP:
        return {name: _plain(item) for name, item in cast("Mapping[str, PropertyValue]", value.value).items()}
    return value.value


def known(value: Any) -> bool:
    """Whether no part of a plain value is UNKNOWN."""
    if isinstance(value, Mapping):
        return all(known(item) for item in value.values())
    if isinstance(value, list):
        return all(known(item) for item in value)
    return not isinstance(value, Unknown)


def outputs(inputs: Mapping[str, PropertyValue], made: Mapping[str, str] | None) -> struct_pb2.Struct:
    """The state of a command: its inputs and what it printed (None: not known yet).

    What it printed is secret when anything that it was made of is: the connection alone does not count.
    """
    secret = any(value.contains_secret() for name, value in inputs.items() if name != "connection")
    printed = {
        name: (PropertyValue(_SENTINEL) if made is None else PropertyValue(made[name])).with_secret(secret)
        for name in ("stdout", "stderr")
    }
    return PropertyValue.marshal_map({**inputs, **printed})
