"""The value that only an apply will tell, in previews and plans."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, TypeAlias


class Unknown(Enum):
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown.UNKNOWN

Value: TypeAlias = Any
"""None, bool, int, float, str, list, dict with str keys, or UNKNOWN, nested to any depth."""

Tree: TypeAlias = dict[str, Any]
"""A Value that is an object: by Terraform's names or by Pulumi's, as the holder says."""
