"""What the engine keeps of a resource: Pulumi's properties, and in `__meta` what only Terraform's provider needs."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from localcloud.engine.aws.catalog import Kind
from localcloud.engine.aws.checks import REGION
from localcloud.engine.aws.convert import to_pulumi, to_terraform
from localcloud.engine.aws.unknown import Tree

META = "__meta"


@dataclass(frozen=True)
class Record:
    """Terraform's state of a resource; `version` is the state's, which may be older than the provider's."""

    state: Tree
    private: bytes = b""
    version: int = 0


def write(kind: Kind, record: Record, region: str) -> Tree:
    """Properties for the engine; sensitive ones as secrets."""
    properties = to_pulumi(kind.structure, record.state, secrets=True)
    if region:
        properties.setdefault(REGION, region)
    meta = {"schema_version": kind.version, "private": base64.b64encode(record.private).decode()}
    return properties | {META: json.dumps(meta)}


def is_recorded(properties: Tree) -> bool:
    """False for properties that name a resource which the bridge has not seen yet (an import)."""
    return bool(properties.get(META))


def read(kind: Kind, properties: Tree) -> Record:
    """The reverse of `write`."""
    meta = json.loads(properties.get(META) or "{}")
    return Record(
        to_terraform(kind.structure, properties, str),
        base64.b64decode(meta.get("private", "")),
        meta.get("schema_version", kind.version),
    )
