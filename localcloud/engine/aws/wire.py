"""Terraform's values on the wire: msgpack, where an unknown value is an extension.

Source: github.com/hashicorp/terraform, docs/plugin-protocol/object-wire-format.md.
"""

from __future__ import annotations

import json
from typing import Any

import msgpack

from localcloud.engine.aws.tfprotocol import MESSAGES
from localcloud.engine.aws.unknown import UNKNOWN, Tree, Unknown

_UNKNOWN_EXTENSION = msgpack.ExtType(0, b"\0")


def encode(value: Tree | None) -> Any:
    """A `DynamicValue` message."""
    return MESSAGES["DynamicValue"](msgpack=msgpack.packb(value, default=_extension))


def decode(message: Any) -> Tree | None:
    """The value of a `DynamicValue` message; an absent one is None."""
    if message.msgpack:
        value: Tree | None = msgpack.unpackb(message.msgpack, ext_hook=_unknown, strict_map_key=False)
        return value
    return json.loads(message.json) if message.json else None


def _extension(value: object) -> msgpack.ExtType | str:
    """What msgpack has no form for: unknown values, and whole numbers beyond 64 bits, which travel as text."""
    if isinstance(value, Unknown):
        return _UNKNOWN_EXTENSION
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in Terraform's protocol")


def _unknown(code: int, data: bytes) -> Unknown:
    # A refined unknown (code 12) says a little about the value to come; it is as unknown as the plain one
    # here.
    del code, data
    return UNKNOWN
