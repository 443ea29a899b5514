"""What Terraform's core proposes to a provider: the configuration, completed by what is already known.

As `ProposedNew` in github.com/hashicorp/terraform, internal/plans/objchange: an attribute that is
computed and not configured keeps its prior value; list elements correspond by position, map elements by
key, and a set's element to the prior element that it could have become.
"""

from __future__ import annotations

from localcloud.engine.aws.canonical import canonical
from localcloud.engine.aws.types import Collection, Field, Structure, Type
from localcloud.engine.aws.unknown import Tree, Value


def proposed_new(structure: Structure, prior: Tree | None, config: Tree) -> Tree:
    prior = prior or {}
    return {
        field.terraform: _field(field, prior.get(field.terraform), config.get(field.terraform))
        for field in structure.fields
    }


def fits(structure: Structure, prior: Tree, config: Tree, zero_is_null: bool = False) -> bool:
    """Whether this prior element could be what the configured element became; for `zero_is_null` see canonical."""
    return all(
        _fits(field, prior.get(field.terraform), config.get(field.terraform), zero_is_null)
        for field in structure.fields
    )


def _fits(field: Field, prior: Value, config: Value, zero_is_null: bool) -> bool:
    if not field.block and field.computed and config is None:
        return True
    if field.repeated_block and isinstance(config, list) and isinstance(prior, list):
        assert isinstance(field.type, Collection)
        inside = field.type.element
        assert isinstance(inside, Structure)
        return len(config) == len(prior) and all(
            any(fits(inside, old, new, zero_is_null) for old in prior) for new in config
        )
    return _same(field.type, config, prior, zero_is_null)


def _same(kind: Type, one: Value, other: Value, zero_is_null: bool) -> bool:
    return bool(canonical(kind, one, zero_is_null) == canonical(kind, other, zero_is_null))


def _field(field: Field, prior: Value, config: Value) -> Value:
    if not field.block:
        return prior if config is None and field.computed else config
    match field.type:
        case Structure() if isinstance(config, dict):
            return proposed_new(field.type, prior if isinstance(prior, dict) else None, config)
        case Collection(kind="list", element=Structure() as inside) if isinstance(config, list):
            old = prior if isinstance(prior, list) else []
            return [
                _element(inside, old[place] if place < len(old) else None, new)
                for place, new in enumerate(config)
            ]
        case Collection(kind="set", element=Structure() as inside) if isinstance(config, list):
            return _set(inside, prior if isinstance(prior, list) else [], config)
        case Collection(kind="map", element=Structure() as inside) if isinstance(config, dict):
            known = prior if isinstance(prior, dict) else {}
            return {key: _element(inside, known.get(key), new) for key, new in config.items()}
        case _:
            return config


def _element(inside: Structure, prior: Value, config: Value) -> Value:
    if not isinstance(config, dict):
        return config
    return proposed_new(inside, prior if isinstance(prior, dict) else None, config)


def _set(inside: Structure, prior: list[Value], config: list[Value]) -> list[Value]:
    """Each prior element is used at most once."""
    left = [old for old in prior if isinstance(old, dict)]
    result = []
    for new in config:
        match = None
        if isinstance(new, dict):
            match = next((old for old in left if fits(inside, old, new)), None)
        if match is not None:
            left.remove(match)
        result.append(_element(inside, match, new))
    return result
