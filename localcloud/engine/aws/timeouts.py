"""`customTimeouts`: Pulumi gives a limit for one operation, Terraform has them in the resource's `timeouts`."""

from __future__ import annotations

import json
from typing import Literal, TypeAlias

from localcloud.engine.aws.convert import TIMEOUTS
from localcloud.engine.aws.types import Structure, innermost
from localcloud.engine.aws.unknown import Tree

Operation: TypeAlias = Literal["create", "update", "delete"]

# Where terraform-plugin-sdk v2 keeps limits between plan and apply (helper/schema/resource_timeout.go): a
# delete has no configuration that could carry one.
_PRIVATE_KEY = "e2bfb730-ecaa-11e6-8f88-34363bc7c4c0"
_NANOSECONDS = 1_000_000_000


def with_limit(structure: Structure, config: Tree, operation: Operation, seconds: float) -> Tree:
    """The configuration with this operation's limit; unchanged where the resource has none or 0 is given."""
    names = _names(structure)
    if operation not in names or seconds <= 0:
        return config
    limits = dict.fromkeys(names) | {operation: f"{seconds:g}s"}
    return config | {TIMEOUTS: limits}


def private_with_limit(structure: Structure, private: bytes, seconds: float) -> bytes:
    """The provider's private data with the limit of a delete."""
    if "delete" not in _names(structure) or seconds <= 0:
        return private
    try:
        data = json.loads(private or b"{}")
    except ValueError:
        return private
    limits = data.get(_PRIVATE_KEY) or {}
    data[_PRIVATE_KEY] = limits | {"delete": int(seconds * _NANOSECONDS)}
    return json.dumps(data).encode()


def without_limits(state: Tree) -> Tree:
    return state | {TIMEOUTS: None} if TIMEOUTS in state else state


def _names(structure: Structure) -> tuple[str, ...]:
    field = structure.by_terraform.get(TIMEOUTS)
    inside = innermost(field.type) if field else None
    return tuple(inside.by_terraform) if isinstance(inside, Structure) else ()
