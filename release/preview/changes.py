"""What `pulumi preview --json` says, read. Pure.

Its object has `steps` (op, urn, replaceReasons, …), `changeSummary` by operation, and `diagnostics` with severity and
message, those of the program among them (Pulumi v3.259.0). No property's value is taken from it: some are secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from release.preview.preview import Changes, Resource

PLAN = "plan: "
"""What the message of the program begins with that holds the plan."""

_OF_RELEASES = ("uneventful:release:Fleet", "uneventful:release:Migration", "uneventful:release:Workers")

_QUIET = frozenset({"same", "read", "refresh"})

_LOSES = MappingProxyType(
    {
        "aws:rds/instance:Instance": "the database with all of its data",
        "aws:elasticache/replicationGroup:ReplicationGroup": "the cache with all sessions in it",
        "aws:s3/bucket:Bucket": "the bucket with all of its objects",
        "aws:s3/bucketV2:BucketV2": "the bucket with all of its objects",
        "aws:sqs/queue:Queue": "the queue with the messages that wait in it",
        "aws:secretsmanager/secret:Secret": "the secret with all of its versions",
        "aws:cloudwatch/logGroup:LogGroup": "the log group with all that was logged",
        "aws:kms/key:Key": "the key, and so whatever was encrypted with it",
        "aws:ec2/eip:Eip": "the address, which others may have allowed",
        "aws:lb/loadBalancer:LoadBalancer": "the load balancer: requests, and its name in the DNS",
        "aws:lb/listener:Listener": "the listener: nobody is answered until another one is there",
        "aws:ec2/vpc:Vpc": "the network with all that is in it",
    }
)
"""What goes with a resource that cannot be had back, or through which every request goes."""

_LOSES_IN_PLACE = MappingProxyType(
    {
        "aws:lb/targetGroup:TargetGroup": "the targets of a release that runs: it serves nobody until it has others",
        "aws:autoscaling/group:Group": "the instances of a release that runs",
    }
)
"""A fleet leaves as a whole, drained. One that stays, and loses a part for another one, loses what it serves."""

_GONE = ("delete", "replace", "delete-replaced", "create-replacement")


@dataclass(frozen=True)
class Told:
    """`plan` is what the program shows of releases, empty where it came to no plan; `errors` and `warnings` are whole
    messages.
    """

    plan: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    changes: Changes


def read(told: Mapping[str, Any]) -> Told:
    """From the object that the engine printed."""
    messages = tuple(_messages(told))
    errors = tuple(text.removeprefix("error: ") for severity, text in messages if severity == "error")
    return Told(
        plan=next((text for severity, text in messages if severity == "info" and text.startswith(PLAN)), ""),
        errors=tuple(dict.fromkeys(errors)),
        warnings=tuple(
            dict.fromkeys(
                text.removeprefix("warning: ") for severity, text in messages if severity == "warning"
            )
        ),
        changes=Changes(
            counts={str(name): int(count) for name, count in (told.get("changeSummary") or {}).items()},
            resources=tuple(_resources(told)),
        ),
    )


def _messages(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for each in told.get("diagnostics") or ():
        severity = str(each.get("severity") or "")
        text = f"{each.get('prefix') or ''}{each.get('message') or ''}".strip()
        if text:
            yield severity, text


def _resources(told: Mapping[str, Any]) -> Iterator[Resource]:
    """Those that change, what is gone first, by name."""
    found = [_resource(step) for step in told.get("steps") or () if step.get("op") not in _QUIET]
    yield from sorted(found, key=lambda each: (not each.loses, each.operation, each.kind, each.name))


def _resource(step: Mapping[str, Any]) -> Resource:
    qualified, _, name = str(step.get("urn") or "").rpartition("::")
    chain = qualified.rpartition("::")[2].split("$")
    operation, kind = str(step.get("op") or ""), chain[-1]
    part = any(parent in _OF_RELEASES for parent in chain[:-1]) or kind in _OF_RELEASES
    told = (_LOSES_IN_PLACE if operation != "delete" else {}) if part else _LOSES
    return Resource(
        operation=operation,
        kind=kind,
        name=name,
        because=tuple(str(each) for each in step.get("replaceReasons") or ()),
        loses=told.get(kind, "") if operation in _GONE else "",
        part=part,
    )
