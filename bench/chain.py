"""The longest chain of an update: the resources that made it last as long as it did. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.printed import Key, Spent


def shown(token: str) -> str:
    """`aws:rds/instance:Instance` as Pulumi shows it: `aws:rds:Instance`."""
    package, module, name = token.split(":", 2)
    return f"{package}:{module.split('/')[0]}:{name}"


def needs(resources: Iterable[Mapping[str, Any]]) -> dict[Key, tuple[Key, ...]]:
    """What each resource of an exported state depends on, its provider left out; components are none."""
    entries = [(one["urn"], one) for one in resources if one["custom"]]
    keys = {urn: (shown(one["type"]), urn.rsplit("::", 1)[1]) for urn, one in entries}
    return {
        keys[urn]: tuple(keys[other] for other in one.get("dependencies") or () if other in keys)
        for urn, one in entries
    }


def longest(times: Sequence[Spent], needed: Mapping[Key, Sequence[Key]]) -> tuple[Spent, ...]:
    """From its first resource to the one that was done last of all those in `needed`: before each of them, the one it
    needed that was done last."""
    by_key = {one.key: one for one in times if one.key in needed}
    chain: list[Spent] = []
    last = max(by_key.values(), key=lambda one: one.ended, default=None)
    while last is not None:
        chain.append(last)
        before = (by_key.get(key) for key in needed[last.key])
        last = max(
            (one for one in before if one and one not in chain), key=lambda one: one.ended, default=None
        )
    return tuple(reversed(chain))
