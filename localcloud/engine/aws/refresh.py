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
    if canonical(field.type, old) == canonical(field.type, new):
        return given
    if field.flat and isinstance(field.type, Collection):
        if not new:
            return None
        return _value(field.type.element, given, old[0] if old else None, new[0])
    return None if new is None else _value(field.type, given, old, new)


def _value(kind: Type, given: Value, old: Value, new: Value) -> Value:
    if canonical(kind, old) == canonical(kind, new):
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
            return [_element(kind.element, given, value) for value in new]
        case _:
            return plain(kind, new)


def _structure(kind: Structure, given: Tree, old: Tree, new: Tree) -> Tree:
    """Keys that the program did not set stay unset, unless they are what changed."""
    result: Tree = {}
    for field in kind.fields:
        before, after = old.get(field.terraform), new.get(field.terraform)
        if field.pulumi in given:
            value = _field(field, given[field.pulumi], before, after)
        elif field.settable and canonical(field.type, before) != canonical(field.type, after):
            value = field_to_pulumi(field, after)
        else:
            value = None
        if value is not None:
            result[field.pulumi] = value
    return result


def _map(kind: Collection, given: Tree, old: Tree, new: Tree) -> Tree:
    result: Tree = {}
    for key in [*given, *(key for key in new if key not in given)]:
        same = canonical(kind.element, old.get(key)) == canonical(kind.element, new.get(key))
        if same and key in given:
            result[key] = given[key]
        elif not same and new.get(key) is not None:
            result[key] = plain(kind.element, new[key])
    return result


def _element(kind: Type, given: list[Value], new: Value) -> Value:
    """The program's own words for a set's element, where one of them could have become it."""
    for candidate in given:
        if isinstance(kind, Structure) and isinstance(candidate, dict):
            if fits(kind, new, to_terraform(kind, candidate, str)):
                return candidate
        elif canonical(kind, candidate) == canonical(kind, new):
            return candidate
    return plain(kind, new)


def plain(kind: Type, value: Value) -> Value:
    """A Terraform value as Pulumi writes it."""
    if isinstance(kind, Primitive) and value is None:
        return None
    return field_to_pulumi(Field("value", "value", kind), value)
