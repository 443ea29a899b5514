"""Where AWS is not what the stack's state says, without asking for every resource. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from release.cli.groups import GroupFacts
from release.cli.refreshed import Changed
from release.ramp import Weights

_SIZES = frozenset({"desiredCapacity", "maxSize", "minSize"})
_WORDS = ("expression", "timezone", "targetArn", "roleArn", "input")


def of_weights(told: Weights, live: str) -> tuple[str, ...]:
    """The rule's weights, by release (id), against all of them on the `live` one, which is empty while nothing is."""
    has = {release: weight for release, weight in told.items() if weight}
    if not live or list(has) == [live]:
        return ()
    seen = ", ".join(f"{release} {weight} %" for release, weight in has.items())
    return (f"weights: {live} should have everything, and AWS has {seen or 'no rule for it'}",)


def of_sizes(groups: Iterable[GroupFacts], shrunk: Iterable[str] = ()) -> tuple[str, ...]:
    """The limits of each group. `shrunk` are the releases (ids) whose time at full size is over: theirs may be less."""
    smaller = frozenset(shrunk)
    found = []
    for facts in groups:
        group = facts.group
        if not facts.there:
            found.append(f"{group.name}: gone, {group.process} of {group.release} has no instances")
        elif group.least is not None and group.most is not None:
            wanted, seen = (group.least, group.most), (facts.least, facts.most)
            fine = seen[0] <= wanted[0] and seen[1] <= wanted[1] and group.release in smaller
            if wanted != seen and not fine:
                found.append(
                    f"{group.name}: {wanted[0]} to {wanted[1]} instances by the state, {seen[0]} to {seen[1]} in AWS"
                )
    return tuple(found)


def of_resources(changed: Iterable[Changed], shrunk: Iterable[str] = ()) -> tuple[Changed, ...]:
    """What a refresh found, without what was meant to come: AWS forgets the action that shrinks a warm release's group
    once it was done, and the group is smaller. `shrunk` are those releases (ids); how small is `of_sizes`' question.
    """
    ends = tuple(f"-{release}" for release in shrunk)
    return tuple(each for each in changed if not (each.name.endswith(ends) and _is_shrinking(each)))


def _is_shrinking(changed: Changed) -> bool:
    if changed.type == "aws:autoscaling/schedule:Schedule":
        return changed.gone
    return (
        changed.type == "aws:autoscaling/group:Group" and not changed.gone and {*changed.properties} <= _SIZES
    )


def of_schedules(
    wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], unusual: Iterable[str] = ()
) -> tuple[str, ...]:
    """Each schedule as the live release has it against what the group holds; `unusual` are those that somebody has
    disabled or given other times.
    """
    should = {str(each["name"]): each for each in wanted}
    has = {str(each["name"]): each for each in found}
    lines = [f"schedule {name}: not in AWS" for name in should if name not in has]
    lines += [
        f"schedule {name}: in AWS, and no schedule of what is live" for name in has if name not in should
    ]
    for name in sorted(should.keys() & has.keys()):
        differ = [word for word in _WORDS if should[name].get(word) != has[name].get(word)]
        lines += [f"schedule {name}: {', '.join(differ)} changed in AWS"] if differ else []
    return (*lines, *(f"schedule {name}: disabled or bounded in AWS" for name in unusual))
