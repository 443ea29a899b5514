"""The inputs after a refresh: what the program gave, changed only where AWS's state changed."""

from __future__ import annotations

from localcloud.engine.aws.canonical import canonical
from localcloud.engine.aws.convert import TIMEOUTS, field_to_pulumi, to_terraform
from localcloud.engine.aws.proposed import fits
from localcloud.engine.aws.types import Collection, Field, Primitive, Structure, Type
from localcloud.engine.aws.unknown import Tree, Value


def refreshed_inputs(structure: Structure, inputs: Tree, old: Tree, new: Tree) -> Tree:
    """The given top-level inputs as the new state has them.

    A hashed or write-only value, which the state never repeats, stays as given, and so does everything
    else that is the same in the old and the new state.
    """
    result = dict(inputs)
    for name, given in inputs.items():
        field = structure.by_pulumi.get(name)
        if field is None or field.terraform == TIMEOUTS:
            continue
        value = _field(field, given, old.get(field.terraform), new.get(field.terraform))
        if value is None:
            del result[name]
        else:
            result[name] = value
    return result


def imported_inputs(structure: Structure, state: Tree) -> Tree:
    """Inputs that describe an imported resource: all that a program could have set and AWS has."""
    inputs: Tree = {}
    for field in structure.fields:
        value = field_to_pulumi(field, state.get(field.terraform))
        ours = field.required or (field.optional and not field.computed)
        if ours and field.terraform != TIMEOUTS and value not in (None, [], {}, ""):
            inputs[field.pulumi] = value
    return inputs


def _field(field: Field, given: Value, old: Value, new: Value) -> Value:
    if _same(field.type, old, new):
        return given
    if field.flat and isinstance(field.type, Collection):
        if not new:
            return None
        return _value(field.type.element, given, old[0] if old else None, new[0])
    return None if new is None else _value(field.type, given, old, new)


def _value(kind: Type, given: Value, old: Value, new: Value) -> Value:
    if _same(kind, old, new):
        return given
    match kind:
        case Structure() if isinstance(given, dict):
            return _structure(kind, given, old if isinstance(old, dict) else {}, new)
        case Collection(kind="map") if isinstance(given, dict):
            return _map(kind, given, old if isinstance(old, dict) else {}, new)
        case Collection(kind="list") if isinstance(given, list) and isinstance(old, list):
            same = len(given) == len(old) == len(new)
            return [
                _value(kind.element, given[place], old[place], value) if same else plain(kind.element, value)
                for place, value in enumerate(new)
            ]
        case Collection(kind="set") if isinstance(given, list) and isinstance(old, list):
            return _set(kind.element, given, new)
        case _:
            return plain(kind, new)


def _structure(kind: Structure, given: Tree, old: Tree, new: Tree) -> Tree:
    """Keys that the program did not set stay unset, unless they are what changed."""
    result: Tree = {}
    for field in kind.fields:
        before, after = old.get(field.terraform), new.get(field.terraform)
        if field.pulumi in given:
            value = _field(field, given[field.pulumi], before, after)
        elif field.settable and not _same(field.type, before, after):
            value = field_to_pulumi(field, after)
        else:
            value = None
        if value is not None:
            result[field.pulumi] = value
    return result


def _map(kind: Collection, given: Tree, old: Tree, new: Tree) -> Tree:
    result: Tree = {}
    for key in [*given, *(key for key in new if key not in given)]:
        same = _same(kind.element, old.get(key), new.get(key))
        if same and key in given:
            result[key] = given[key]
        elif not same and new.get(key) is not None:
            result[key] = plain(kind.element, new[key])
    return result


def _set(inside: Type, given: list[Value], new: list[Value]) -> list[Value]:
    """The program's own words for what is still there, in the program's order, and then what has come."""
    left = list(new)
    result = []
    for candidate in given:
        match = next((place for place, value in enumerate(left) if _became(inside, candidate, value)), None)
        if match is not None:
            del left[match]
            result.append(candidate)
    return result + [plain(inside, value) for value in left]


def _became(inside: Type, given: Value, value: Value) -> bool:
    """Whether this element of the state could be what the program gave."""
    if isinstance(inside, Structure) and isinstance(given, dict):
        return fits(inside, value, to_terraform(inside, given, str), zero_is_null=True)
    return _same(inside, given, value)


def _same(kind: Type, one: Value, other: Value) -> bool:
    return bool(canonical(kind, one, zero_is_null=True) == canonical(kind, other, zero_is_null=True))


def plain(kind: Type, value: Value) -> Value:
    """A Terraform value as Pulumi writes it."""
    if isinstance(kind, Primitive) and value is None:
        return None
    return field_to_pulumi(Field("value", "value", kind), value)
