"""Priorities of the header rules by which single releases can be tried. Pure.

A listener has one rule a priority, and a rule that moves to a number which another still holds is refused
(`PriorityInUse`). So a rule keeps its number for as long as it exists, whatever comes and goes beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FIRST = 100
SPAN = 20000

MAIN = 40000
"""The rule that carries the weights comes after every header rule."""


def assign(release_ids: Iterable[str], held: Mapping[str, int]) -> dict[str, int]:
    """A priority for each release's header rule: FIRST to FIRST + SPAN - 1, no two the same.

    `held` are the numbers that rules in the stack's state have now, by release id, those of releases that are
    about to leave included: they are deleted last. A release in `held` keeps its number; another gets the
    first free one from where its id falls.
    """
    taken = set(held.values())
    assigned: dict[str, int] = {}
    for release_id in release_ids:
        if release_id in held:
            assigned[release_id] = held[release_id]
        elif release_id not in assigned:
            assigned[release_id] = _free(int(release_id, 16), taken)
            taken.add(assigned[release_id])
    return assigned


def _free(start: int, taken: set[int]) -> int:
    return next(number for offset in range(SPAN) if (number := FIRST + (start + offset) % SPAN) not in taken)
