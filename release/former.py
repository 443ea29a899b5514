"""What this stack's last state says: the only memory that a release has of those before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pulumi

from infra.tags import PROCESS, RELEASE
from release.errors import StateUnreadable
from release.ledger import Ledger
from release.model import WEB
from release.turns import obeys

_READ = "pulumi:pulumi:readStackResourceOutputs"
_HALF_WRITTEN = "failed to load checkpoint"
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
_STACK = "pulumi:pulumi:Stack"
_BUCKET = "aws:s3/bucket:Bucket::bundles"
_HEADER_RULE = "aws:lb/listenerRule:ListenerRule::header-"
_TARGET_GROUP = "aws:lb/targetGroup:TargetGroup::"
_GROUP = "aws:autoscaling/group:Group::"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate::"


@dataclass(frozen=True)
class Former:
    """`bucket` is empty where none was made yet. By release id, those that never became live included: `priorities` are
    those of the header rules that exist, `target_groups` their ARNs, `workers` the groups by process. Workers of those
    that are `unruly` were made before there were turns: they work from their boot to their end.
    """

    ledger: Ledger
    bucket: str
    priorities: Mapping[str, int]
    target_groups: Mapping[str, str] = field(default_factory=dict)
    workers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unruly: frozenset[str] = frozenset()

    def resting(self, working: str) -> Mapping[str, Mapping[str, str]]:
        """The workers of all releases but that one who can be told to rest."""
        return {
            release: dict(groups)
            for release, groups in self.workers.items()
            if release != working and release not in self.unruly
        }


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
                raise StateUnreadable(
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
    target_groups: dict[str, str] = {}
    workers: dict[str, dict[str, str]] = {}
    unruly: set[str] = set()
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
        elif kind.startswith((_TARGET_GROUP, _GROUP, _TEMPLATE)):
            tags = _tags(outputs)
            release, process = tags.get(RELEASE, ""), tags.get(PROCESS, WEB)
            if kind.startswith(_TARGET_GROUP):
                target_groups[release] = str(outputs.get("arn") or "")
            elif process == WEB:
                continue
            elif kind.startswith(_GROUP):
                workers.setdefault(release, {})[process] = str(outputs.get("name") or "")
            elif not obeys(str(outputs.get("userData") or "")):
                unruly.add(release)
    return Former(
        Ledger.parse(ledger),
        bucket,
        MappingProxyType(priorities),
        MappingProxyType(target_groups),
        MappingProxyType(workers),
        frozenset(unruly),
    )


def _tags(outputs: Mapping[str, Any]) -> Mapping[str, str]:
    """A group of instances has a list of them."""
    tags = outputs.get("tags") or {}
    return {tag["key"]: tag["value"] for tag in tags} if isinstance(tags, list) else tags
