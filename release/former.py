"""What this stack's last state says: the only memory that a release has of those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pulumi

from release.ledger import Ledger

_STACK = "pulumi:pulumi:Stack"
_BUCKET = "aws:s3/bucket:Bucket::bundles"
_HEADER_RULE = "aws:lb/listenerRule:ListenerRule::header-"


@dataclass(frozen=True)
class Former:
    """`bucket` is empty where none was made yet; `priorities` are those of the header rules that exist, by
    release id, the rules of releases that never became live included.
    """

    ledger: Ledger
    bucket: str
    priorities: Mapping[str, int]


def read_former() -> Former:
    """The last state of the stack that is being updated; empty on its first update.

    Raises LedgerError when the ledger in it is not one.
    """
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": stack})
    return parse_former((answer.value or {}).get("outputs") or {})


def parse_former(resources: Mapping[str, Mapping[str, Any]]) -> Former:
    """`resources` by URN, each with its `outputs`, as the engine's readStackResourceOutputs answers."""
    ledger: object = None
    bucket = ""
    priorities: dict[str, int] = {}
    for urn, resource in resources.items():
        outputs = resource.get("outputs") or {}
        qualified, _, name = urn.rpartition("::")
        kind = f"{qualified.rpartition('$')[2].rpartition('::')[2]}::{name}"
        if kind.startswith(f"{_STACK}::"):
            ledger = outputs.get("ledger")
        elif kind == _BUCKET:
            bucket = str(outputs.get("bucket") or "")
        elif kind.startswith(_HEADER_RULE) and "priority" in outputs:
            priorities[kind.removeprefix(_HEADER_RULE)] = int(outputs["priority"])
    return Former(Ledger.parse(ledger), bucket, MappingProxyType(priorities))
