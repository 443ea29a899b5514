"""What this stack's last state says: the only memory that a release has of those before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pulumi

from release.errors import LedgerError
from release.ledger import Ledger

_READ = "pulumi:pulumi:readStackResourceOutputs"
_HALF_WRITTEN = "failed to load checkpoint"
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
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


def read_former(sleep: Callable[[float], None] = time.sleep) -> Former:
    """The last state of the stack that is being updated; empty on its first update.

    Raises LedgerError when the ledger in it is not one, or when the state cannot be read.
    """
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    return parse_former(_outputs(stack, sleep))


def _outputs(stack: str, sleep: Callable[[float], None]) -> Mapping[str, Mapping[str, Any]]:
    """The engine saves the state while the program runs, and a file backend's reader can meet a file that is
    half written ("failed to load checkpoint: EOF", seen with v3.259.0): such a reading is done again.
    """
    for pause in (*_PAUSES, None):
        try:
            answer = pulumi.runtime.invoke(_READ, {"stackName": stack})
        except Exception as error:
            if pause is None or _HALF_WRITTEN not in str(error):
                raise LedgerError(
                    "the stack's state cannot be read, so nobody knows what is live",
                    expected=f"the last state of {stack}",
                    seen=str(error),
                    state="nothing was changed",
                    next=f"pulumi stack export --stack {pulumi.get_stack()}",
                ) from error
            sleep(pause)
        else:
            return (answer.value or {}).get("outputs") or {}
    raise AssertionError("the last attempt returns or raises")


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
