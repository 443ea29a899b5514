"""The used part of the Terraform provider's schema, kept between runs: asking takes over a second."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.engine.aws import tokens
from localcloud.engine.aws.schema import PlainSchema, plain

_FORMAT = 1


@dataclass(frozen=True)
class Schemas:
    """Plain schemas by Terraform type."""

    provider: PlainSchema
    resources: dict[str, PlainSchema]
    data_sources: dict[str, PlainSchema]


def load(folder: Path, executable: Path, ask: Callable[[], Any]) -> Schemas:
    """The schemas of this executable for the types in `tokens`; `ask` gives the provider's own answer.

    An entry belongs to the executable's size and time of change and to the table of types; anything that
    cannot be read counts as absent.
    """
    path = folder / f"schema-{_key(executable)}.json"
    try:
        return _decode(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        schemas = _trim(ask())
        _keep(path, schemas)
        return schemas


def _key(executable: Path) -> str:
    status = executable.stat()
    types = sorted({*tokens.RESOURCES.values()}), sorted({*tokens.FUNCTIONS.values()})
    identity = json.dumps([_FORMAT, executable.name, status.st_size, status.st_mtime_ns, types])
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def _trim(answer: Any) -> Schemas:
    resources, functions = set(tokens.RESOURCES.values()), set(tokens.FUNCTIONS.values())
    return Schemas(
        _plain(answer.provider),
        {entry.key: _plain(entry.value) for entry in answer.resource_schemas if entry.key in resources},
        {entry.key: _plain(entry.value) for entry in answer.data_source_schemas if entry.key in functions},
    )


def _plain(schema: Any) -> PlainSchema:
    return PlainSchema(schema.version, plain(schema.block))


def _keep(path: Path, schemas: Schemas) -> None:
    def table(entries: dict[str, PlainSchema]) -> dict[str, list[Any]]:
        return {name: [schema.version, schema.block] for name, schema in entries.items()}

    encoded = {
        "provider": [schemas.provider.version, schemas.provider.block],
        "resources": table(schemas.resources),
        "data_sources": table(schemas.data_sources),
    }
    # Without a writable cache every start takes a second longer, and nothing else changes.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(encoded))
        temporary.replace(path)


def _decode(encoded: dict[str, Any]) -> Schemas:
    def table(entries: dict[str, Any]) -> dict[str, PlainSchema]:
        return {name: PlainSchema(*entry) for name, entry in entries.items()}

    return Schemas(
        PlainSchema(*encoded["provider"]), table(encoded["resources"]), table(encoded["data_sources"])
    )
