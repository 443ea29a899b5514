"""From a stack's flat configuration to `Settings`, or to an error that says what to write instead. Pure."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from infra import agreement, risks
from infra.errors import Refusal, SettingsError
from infra.settings import Settings

OWN = "uneventful:"
AWS = MappingProxyType({"aws:region": "region", "aws:allowedAccountIds": "account_ids"})
TEXTS = frozenset({"region", "release", "secrets", "contract", "override", "accept_api", "evidence"})
PARTS = tuple(
    name for name in Settings.model_fields if name not in ("stack", *AWS.values())
)  # what `uneventful:` may be followed by

_KEY_OF = {field: key for key, field in AWS.items()}


def parse(
    stack: str, configuration: Mapping[str, object], encrypted: Collection[str] = frozenset()
) -> Settings:
    """The settings of `stack`, from its configuration by full key, as the engine tells it (all values are
    text, mappings and lists are JSON) or as a stack file holds it (YAML's own types).

    `encrypted` are the keys whose values are secrets. Keys of other tools are left alone. Raises
    SettingsError with everything that is wrong, each with its full key, what was seen and what is allowed.
    """
    refusals = [*_unknown(configuration), *_secret(encrypted)]
    values: dict[str, object] = {"stack": stack}
    for key, value in configuration.items():
        field = AWS.get(key) or key.removeprefix(OWN)
        if key in AWS or (key.startswith(OWN) and field in PARTS):
            values[field] = _decoded(field, value)
    settings: Settings | None = None
    try:
        settings = Settings.model_validate_json(json.dumps(values))
        refusals += [*agreement.refusals(settings), *risks.refusals(settings)]
    except ValidationError as error:
        refusals += [_refusal(detail) for detail in _deepest(error.errors())]
    if refusals or settings is None:
        raise SettingsError(f"Pulumi.{stack}.yaml", refusals)
    return settings


def _decoded(field: str, value: object) -> object:
    if not isinstance(value, str):
        return str(value) if field in TEXTS and not isinstance(value, bool) else value
    if field in TEXTS:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _unknown(configuration: Mapping[str, object]) -> list[Refusal]:
    known = {f"{OWN}{part}" for part in PARTS}
    refusals = [
        _unknown_key(key, sorted(known)) for key in configuration if key.startswith(OWN) and key not in known
    ]
    return refusals + [
        Refusal(
            key,
            "a setting of the AWS provider",
            "only aws:region and aws:allowedAccountIds; who you are is told by AWS's own variables, so that "
            "the program and every part of a release use the same credentials",
            "export AWS_PROFILE=NAME",
        )
        for key in configuration
        if key.startswith("aws:") and key not in AWS
    ]


def _unknown_key(key: str, known: list[str]) -> Refusal:
    near = difflib.get_close_matches(key, known, n=1)
    allowed = "one of " + ", ".join(known)
    return Refusal(key, "a key that nobody reads", allowed, f"{near[0] if near else known[0]}: …")


def _secret(encrypted: Collection[str]) -> list[Refusal]:
    return [
        Refusal(
            key,
            "an encrypted value",
            "plain text: every setting can be read in the state, the plan and on the instances",
            f"pulumi config rm {key}",
        )
        for key in sorted(encrypted)
        if key.startswith(OWN)
    ]


def _deepest(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Without those about a whole of which a part is refused as well: a list of bad items is also too short."""
    paths = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if not any(
            len(path) > len(detail["loc"]) and path[: len(detail["loc"])] == detail["loc"] for path in paths
        )
    ]


def _refusal(detail: ErrorDetails) -> Refusal:
    path = tuple(detail["loc"])
    key = _key(path)
    if detail["type"] == "extra_forbidden":
        part = _part(_nearest(path[:-1])[1])
        siblings = part.model_fields if part else {}
        near = difflib.get_close_matches(str(path[-1]), siblings, n=1) or list(siblings)[:1]
        field = siblings[near[0]]
        return Refusal(
            key,
            "a key that nobody reads",
            "one of " + ", ".join(siblings),
            _example((*path[:-1], near[0]), field),
        )
    field_path, field = _nearest(path)
    reason = detail["ctx"]["reason"] if detail["type"] == "refused" else ""
    seen = "nothing" if detail["type"] == "missing" else _shown(detail["input"])
    return Refusal(
        key,
        f"{seen} ({reason})" if reason else seen,
        field.description or "",
        _example(field_path, field),
    )


def _shown(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 120 else text[:119] + "…"


def key_of(field: str) -> str:
    """How a stack file calls a field of `Settings`."""
    return _KEY_OF.get(field, f"{OWN}{field}")


def _key(path: tuple[int | str, ...]) -> str:
    text = key_of(str(path[0]))
    for part in path[1:]:
        text += f"[{part}]" if isinstance(part, int) else "" if part == "[key]" else f".{part}"
    return text


def _nearest(path: tuple[int | str, ...]) -> tuple[tuple[int | str, ...], FieldInfo]:
    """The deepest part of `path` that is a field: an item of a list is described by the list, and what has a
    name of its own (a queue) by the mapping that it is in.
    """
    field, depth = Settings.model_fields[str(path[0])], 1
    while part := _part(field):
        inner = depth + (get_origin(field.annotation) is dict)
        if inner >= len(path) or path[inner] not in part.model_fields:
            break
        field, depth = part.model_fields[str(path[inner])], inner + 1
    return path[:depth], field


def _part(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a field's value, or of each value where the field is a mapping."""
    candidates = (field.annotation, *get_args(field.annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def _example(path: tuple[int | str, ...], field: FieldInfo) -> str:
    value: object = (field.examples or [""])[0]
    for part in reversed(path[1:]):
        value = {str(part): value}
    return f"{_key(path[:1])}: {_yaml(value)}"


def _yaml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
