"""`ignoreChanges`: the recorded value stays where the program's path points, nested places and wildcards too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

from localcloud.engine.aws.types import Collection, Structure, Type
from localcloud.engine.aws.unknown import Tree, Value

Steps: TypeAlias = "tuple[str | int, ...]"

_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.\[\]]+)')
_EVERY = "*"


def parse(path: str) -> Steps:
    """Steps of a Pulumi property path: `a.b`, `a[0]`, `a["b.c"]`, `a[*].b`, `*`."""
    return tuple(_step(*match.groups()) for match in _STEP.finditer(path))


def _step(quoted: str | None, index: str | None, name: str | None) -> str | int:
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted)
    if index is not None:
        return index if index == _EVERY else int(index)
    return name or ""


def keep_ignored(structure: Structure, news: Tree, olds: Tree, paths: Iterable[str]) -> Tree:
    """`news` with the values of `olds` (recorded properties) at the paths.

    Only what a program may set is kept. A path into an element of a set changes nothing: the engine has
    put the old inputs there already, and positions in a set mean nothing.
    """
    for path in paths:
        steps = parse(path)
        if not steps:
            continue
        names = [field.pulumi for field in structure.fields if field.settable]
        for name in names if steps[0] == _EVERY else [name for name in names if name == steps[0]]:
            field = structure.by_pulumi[name]
            kind = field.type.element if field.flat and isinstance(field.type, Collection) else field.type
            value = _kept(kind, news.get(name), olds.get(name), steps[1:])
            news = {key: inside for key, inside in news.items() if key != name}
            if value is not None:
                news[name] = value
    return news


def _kept(kind: Type, new: Value, old: Value, steps: Steps) -> Value:
    if not steps:
        return old
    first, rest = steps[0], steps[1:]
    match kind:
        case Structure() if isinstance(new, dict) and isinstance(old, dict):
            keys = list(kind.by_pulumi) if first == _EVERY else [first]
            return _merged(
                new,
                {
                    key: _kept(_inner(kind, key), new.get(key), old.get(key), rest)
                    for key in keys
                    if key in kind.by_pulumi
                },
            )
        case Collection(kind="map") if isinstance(new, dict | None) and isinstance(old, dict | None):
            new, old = new or {}, old or {}
            keys = sorted({*new, *old}) if first == _EVERY else [first]
            kept = _merged(new, {key: _kept(kind.element, new.get(key), old.get(key), rest) for key in keys})
            return kept or None
        case Collection(kind="list") if isinstance(new, list) and isinstance(old, list):
            return [
                _kept(kind.element, value, old[place], rest)
                if first in (_EVERY, place) and place < len(old)
                else value
                for place, value in enumerate(new)
            ]
        case _:
            return new


def _inner(structure: Structure, name: str | int) -> Type:
    field = structure.by_pulumi[str(name)]
    return field.type.element if field.flat and isinstance(field.type, Collection) else field.type


def _merged(new: Tree, kept: dict[str | int, Value]) -> Tree:
    result = {**new, **{str(key): value for key, value in kept.items()}}
    return {key: value for key, value in result.items() if value is not None}
