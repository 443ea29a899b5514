"""What a plan changes, as the engine wants to hear it: which properties, how, and what forces a replacement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from localcloud.engine.aws.canonical import canonical
from localcloud.engine.aws.convert import TIMEOUTS
from localcloud.engine.aws.terraform import Path
from localcloud.engine.aws.types import Collection, Field, Structure, Type, is_sequence
from localcloud.engine.aws.unknown import UNKNOWN, Tree, Value

ChangeKind: TypeAlias = Literal["ADD", "DELETE", "UPDATE"]


@dataclass(frozen=True)
class Change:
    """One changed place, by Pulumi's path such as `healthCheck.path` or `tags["a.b"]`."""

    path: str
    kind: ChangeKind
    replace: bool


@dataclass(frozen=True)
class Difference:
    """`properties` and `replaces` are top-level Pulumi names; empty when nothing changes."""

    properties: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def difference(
    structure: Structure, prior: Tree, planned: Tree, config: Tree, replace: Sequence[Path]
) -> Difference:
    """Compare the recorded state with the plan for it.

    A property that the program does not set, that the state does not have and that the plan fills in is a
    default (after an import, or from a newer provider) and not a change. `replace` may name places that
    did not change (providers name all that could force a replacement); those do not count. Properties
    that only AWS decides are shown only when nothing else changes.
    """
    changed = [field for field in structure.fields if _changed(field, prior, planned, config)]
    forced = {path[0] for path in replace if path and _differs_at(structure, prior, planned, path)} & {
        field.terraform for field in changed
    }
    shown = [field for field in changed if field.settable and field.terraform != "tags_all"] or changed
    changes = tuple(
        Change(path, kind, field.terraform in forced)
        for field in shown
        for path, kind in _places(
            field, prior.get(field.terraform), planned.get(field.terraform), field.pulumi
        )
    )
    return Difference(
        tuple(field.pulumi for field in shown),
        tuple(sorted(field.pulumi for field in changed if field.terraform in forced)),
        changes,
    )


def _changed(field: Field, prior: Tree, planned: Tree, config: Tree) -> bool:
    if field.terraform == TIMEOUTS:
        return False
    before, after = prior.get(field.terraform), planned.get(field.terraform)
    unset = canonical(field.type, config.get(field.terraform)) is None
    was = canonical(field.type, before, zero_is_null=unset)
    if was == canonical(field.type, after, zero_is_null=unset):
        return False
    return not (unset and was is None and not _has_unknown(after))


def _has_unknown(value: Value) -> bool:
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    return value is UNKNOWN


def _differs_at(structure: Structure, prior: Tree, planned: Tree, path: Path) -> bool:
    """Whether the values at a Terraform path differ; a path that cannot be followed is taken to its last place."""
    kind: Type = structure
    before: Value = prior
    after: Value = planned
    for step in path:
        if isinstance(kind, Structure):
            field = kind.by_terraform.get(str(step))
            if field is None:
                break
            kind, before, after = field.type, _inside(before, step), _inside(after, step)
        elif isinstance(kind, Collection) and kind.kind != "set":
            kind, before, after = kind.element, _inside(before, step), _inside(after, step)
        else:
            break
    return bool(canonical(kind, before) != canonical(kind, after))


def _inside(value: Value, step: str | int) -> Value:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int):
        return value[step] if step < len(value) else None
    return value if value is UNKNOWN else None


def _places(field: Field, before: Value, after: Value, path: str) -> Iterator[tuple[str, ChangeKind]]:
    if field.flat and isinstance(field.type, Collection):
        before = before[0] if isinstance(before, list) and before else (before or None)
        after = after[0] if isinstance(after, list) and after else (after or None)
        yield from _differences(field.type.element, before, after, path)
    else:
        yield from _differences(field.type, before, after, path)


def _differences(kind: Type, before: Value, after: Value, path: str) -> Iterator[tuple[str, ChangeKind]]:
    """A set is one place: its elements have no positions that two sides could agree on."""
    was, will = canonical(kind, before), canonical(kind, after)
    if was == will:
        return
    if was is None or will is None:
        yield path, "ADD" if was is None else "DELETE"
    elif was is UNKNOWN or will is UNKNOWN:
        yield path, "UPDATE"
    elif isinstance(kind, Structure):
        for field in kind.fields:
            old, new = before.get(field.terraform), after.get(field.terraform)
            yield from _places(field, old, new, f"{path}.{field.pulumi}")
    elif isinstance(kind, Collection) and kind.kind == "map":
        for key in sorted({*before, *after}):
            here = f"{path}.{key}" if key.isidentifier() else f'{path}["{key}"]'
            yield from _differences(kind.element, before.get(key), after.get(key), here)
    elif isinstance(kind, Collection) and is_sequence(kind) and kind.kind == "list":
        for place in range(max(len(before), len(after))):
            old = before[place] if place < len(before) else None
            new = after[place] if place < len(after) else None
            yield from _differences(kind.element, old, new, f"{path}[{place}]")
    else:
        yield path, "UPDATE"
