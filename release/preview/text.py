"""A preview for a terminal. Pure; nothing in it is obeyed by a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from release.preview import estimate
from release.preview.escape import one_line, plain
from release.preview.preview import Changes, Differences, Environment, Planned, Preview, Resource
from release.preview.words import counted, operations, outcome

_TAKING = ("replace", "delete")
_LABEL = 16


def render(preview: Preview, every: bool = False) -> str:
    """Lines of text, one environment after the other. `every` names each resource that changes, and not only those that
    are replaced or deleted and belong to no release.
    """
    parts = ["\n".join(_environment(each, every)) for each in preview.environments]
    if preview.differences:
        parts.append("\n".join(_differences(preview.differences)))
    return "\n\n".join(parts) + "\n"


def _environment(environment: Environment, every: bool) -> Iterator[str]:
    yield f"{one_line(environment.stack)}: {outcome(environment)}"
    if environment.error:
        yield _indented(environment.error)
    for warning in environment.warnings:
        yield _indented(f"warning: {warning}")
    if environment.planned:
        yield _indented(environment.planned.text)
        yield from _facts(environment.planned)
    if environment.estimate:
        yield _labelled("time", estimate.in_words(environment.estimate))
    if environment.rehearsal:
        rehearsal = environment.rehearsal
        words = {None: "not run", True: "went well", False: "FAILED"}[rehearsal.passed]
        following = f"; to run it: {rehearsal.next}" if rehearsal.next else ""
        yield _labelled("rehearsal", f"{words}{following}")
        yield _indented(rehearsal.told, "    ")
    if environment.outcome == "ready":
        yield from _resources(environment.changes, every)


def _facts(planned: Planned) -> Iterator[str]:
    """What the plan's own text does not say."""
    if not planned.known:
        return
    for each in planned.migrations:
        allowed = "; ".join(each.allowed)
        yield _labelled(
            "migration", f"{each.revision} ({each.kind})" + (f"; allowed: {allowed}" if allowed else "")
        )
    yield _labelled("rollback now", planned.rollback_before)


def _resources(changes: Changes, every: bool) -> Iterator[str]:
    yield _labelled("resources", operations(changes))
    gone = [each for each in changes.resources if each.loses]
    others = [each for each in changes.resources if not each.loses]
    if not every:
        others = [each for each in others if each.operation in _TAKING and not each.part]
    yield from (f"    {_named(each)} - LOSES {each.loses}" for each in gone)
    yield from (f"    {_named(each)}" for each in others)


def _differences(found: Differences) -> Iterator[str]:
    if found.unread:
        yield f"{one_line(found.first)} and {one_line(found.second)} could not be compared"
        yield _indented(found.unread)
        return
    yield (
        f"{one_line(found.first)} and {one_line(found.second)} differ in {counted(len(found.rows), 'setting')}, and "
        f"are alike in {found.identical}: release compare {one_line(found.first)} {one_line(found.second)}"
    )
    if found.warning:
        yield _indented(f"warning: {found.warning}")


def _named(resource: Resource) -> str:
    because = f" ({', '.join(resource.because)})" if resource.because else ""
    return one_line(f"{resource.operation} {resource.kind} {resource.name}{because}")


def _labelled(label: str, text: str) -> str:
    return f"  {label + ':':<{_LABEL}}{one_line(text, 1000)}"


def _indented(text: str, margin: str = "  ") -> str:
    return textwrap.indent(plain(text).strip("\n"), margin)
