"""Pulumi's property values between protobuf's Struct and Python.

Signatures: github.com/pulumi/pulumi, sdk/go/common/resource/sig/sig.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf import struct_pb2

from localcloud.engine.aws.unknown import UNKNOWN, Tree, Value

SIGNATURE = "4dabf18193072939515e22adb298388d"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_UNKNOWNS = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string, and what is sent for every kind
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_SENT_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Secret:
    """Marks a value for the engine to encrypt; only on the way to the engine."""

    value: Value


def is_asset(value: Value) -> bool:
    """An asset or an archive."""
    return isinstance(value, dict) and value.get(SIGNATURE) in (ASSET, ARCHIVE)


def from_struct(struct: struct_pb2.Struct) -> Tree:
    """Secrets and outputs are unwrapped; whole numbers become int; assets stay as the engine wrote them."""
    return {name: _from_value(value) for name, value in struct.fields.items()}


def to_struct(tree: Mapping[str, Value]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    for name, value in tree.items():
        _fill(struct.fields[name], value)
    return struct


def _from_value(value: struct_pb2.Value) -> Value:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_from_value(inside) for inside in value.list_value.values]
        case "struct_value":
            return _unwrapped(from_struct(value.struct_value))
        case _:
            return None


def _unwrapped(tree: Tree) -> Value:
    match tree.get(SIGNATURE):
        case signature if signature == _SECRET:
            return tree.get("value")
        case signature if signature == _OUTPUT:
            return tree.get("value", UNKNOWN)
        case signature if signature == _RESOURCE:
            return tree.get("id", UNKNOWN)
        case _:
            return tree


def _fill(out: struct_pb2.Value, value: Value) -> None:
    match value:
        case None:
            out.null_value = struct_pb2.NULL_VALUE
        case Secret():
            _fill(out, {SIGNATURE: _SECRET, "value": value.value})
        case bool():
            out.bool_value = value
        case int() | float():
            out.number_value = value
        case str():
            out.string_value = value
        case list():
            out.list_value.SetInParent()
            for inside in value:
                _fill(out.list_value.values.add(), inside)
        case dict():
            out.struct_value.SetInParent()
            for name, inside in value.items():
                _fill(out.struct_value.fields[name], inside)
        case _ if value is UNKNOWN:
            out.string_value = _SENT_UNKNOWN
        case _:
            raise TypeError(f"{type(value).__name__} is not a property value")
