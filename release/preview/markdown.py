"""A preview as the body of one comment on GitHub. Pure; whatever comes from outside is told by `escape`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from release.preview import estimate
from release.preview.budget import LIMIT, Section, fit
from release.preview.escape import block, code, inline
from release.preview.preview import Changes, Differences, Environment, Planned, Preview, Rehearsal, Resource
from release.preview.words import counted, in_short, operations, outcome

MARKER = "<!-- uneventful:preview -->"
"""How the comment begins, so that a workflow finds its own one and updates it."""

_ERROR, _OUTPUT = 8_000, 12_000
_NAMED, _LISTED, _ROWS = 12, 300, 400
_KEEPING = ("create", "update")
"""Operations that take nothing away: of these the types are told, of others each name."""

_HINT = "`release preview` prints all of it."


def render(preview: Preview, limit: int = LIMIT) -> str:
    """The body, which ends with a line end: `limit` characters at most, the least important left out with a note."""
    return fit([_head(preview), *_sections(preview)], limit - 1, _HINT) + "\n"


def _head(preview: Preview) -> Section:
    wanted = f" of version {code(preview.wanted)}" if preview.wanted else ""
    lines = [MARKER, f"## Release preview{wanted}", ""]
    lines += ["| environment | release | time | resources |", "|---|---|---|---|"]
    lines += [_row(each) for each in preview.environments[:_LISTED]]
    return Section("\n".join(lines), 0, "the summary", "\n".join(lines[:3]))


def _row(environment: Environment) -> str:
    time = estimate.short(environment.estimate) if environment.estimate else "–"
    ready = environment.outcome == "ready"
    cells = (
        code(environment.stack, 60),
        inline(in_short(environment), 160) if environment.fine else f"**{outcome(environment)}**",
        time,
        inline(operations(environment.changes)) if ready else "–",
    )
    return _cells(*cells)


def _cells(*cells: str) -> str:
    """A row of a table: there a bar ends a cell even within code."""
    return f"| {' | '.join(each.replace('|', chr(92) + '|') for each in cells)} |"


def _sections(preview: Preview) -> Iterator[Section]:
    for each in preview.environments:
        yield from _losses(each)
    for each in preview.environments:
        yield from _environment(each)
    if preview.differences:
        yield _differences(preview.differences)


def _losses(environment: Environment) -> Iterator[Section]:
    found = [each for each in environment.changes.resources if each.loses]
    if not found:
        return
    lines = [f"> - {_named(each)}: {inline(each.loses)}" for each in found[:_NAMED]]
    if len(found) > _NAMED:
        lines.append(f"> - and {len(found) - _NAMED} more, below")
    head = f"> **{code(environment.stack, 60)} loses what cannot be had back, or what requests go through:**"
    yield Section(
        "\n".join(["> [!CAUTION]", head, *lines]), 1, f"what {code(environment.stack, 60)} loses", head
    )


def _environment(environment: Environment) -> Iterator[Section]:
    name = code(environment.stack, 60)
    yield Section(f"### {name}", 2, name)
    if environment.error:
        head = f"**{outcome(environment)}**, and this is why:"
        body = block(environment.error, _ERROR)
        yield Section(
            f"{head}\n\n{body}",
            2,
            f"the error of {name}",
            f"{head} {inline(environment.error.partition(chr(10))[0])}",
        )
    if environment.warnings:
        warned = "\n".join(f"- {inline(each, 600)}" for each in environment.warnings[:_NAMED])
        yield Section(f"**Warnings**\n\n{warned}", 5, f"the warnings of {name}")
    if environment.planned:
        yield _plan(environment, environment.planned)
    if environment.rehearsal:
        yield _rehearsal(environment, environment.rehearsal)
    if environment.outcome == "ready":
        yield _resources(name, environment.changes)


def _plan(environment: Environment, planned: Planned) -> Section:
    name = f"the plan of {code(environment.stack, 60)}"
    if not planned.known:
        return Section(block(planned.text, _OUTPUT), 3, name)
    head = f"**{inline(planned.headline)}**"
    parts = [head]
    if planned.steps:
        parts.append("\n".join(f"{number}. {inline(s, 600)}" for number, s in enumerate(planned.steps, 1)))
    facts = [*_time(environment), *_migrations(planned), *_schedules(planned), *_way_back(planned)]
    if planned.api:
        told = "\n".join(f"  - {inline(line, 300)}" for line in planned.api[:_NAMED])
        rest = f"\n  - and {len(planned.api) - _NAMED} more" if len(planned.api) > _NAMED else ""
        facts.append(f"- **API:**\n{told}{rest}")
    if planned.overridden:
        facts.append(f"- **Freeze overridden:** {inline(planned.overridden, 600)}")
    if facts:
        parts.append("\n".join(facts))
    return Section("\n\n".join(parts), 3, name, head)


def _time(environment: Environment) -> Iterator[str]:
    if environment.estimate:
        yield f"- **Time:** {inline(estimate.in_words(environment.estimate), 600)}"


def _migrations(planned: Planned) -> Iterator[str]:
    if not planned.moves:
        return
    if not planned.migrations:
        yield "- **Migrations:** none"
        return
    allowed = sum(len(each.allowed) for each in planned.migrations)
    found = f"{counted(allowed, 'finding')} allowed, for a reason" if allowed else "no finding"
    yield f"- **Migrations:** {len(planned.migrations)}; linted when the bundle was built: {found}"
    for each in planned.migrations[:_LISTED]:
        reasons = "".join(f"; allowed: {inline(reason)}" for reason in each.allowed)
        yield f"  - {code(each.revision)} ({inline(each.kind)}){reasons}"


def _schedules(planned: Planned) -> Iterator[str]:
    schedules = planned.schedules
    told = (("added", schedules.added), ("changed", schedules.changed), ("removed", schedules.removed))
    if any(lines for _, lines in told):
        yield "- **Schedules:**"
    for word, lines in told:
        yield from (f"  - {word}: {inline(line, 600)}" for line in lines[:_LISTED])


def _way_back(planned: Planned) -> Iterator[str]:
    yield f"- **Rolling back now:** {inline(planned.rollback_before)}"
    if planned.moves:
        yield f"- **Rolling back afterwards:** {inline(planned.rollback_after)}"
    if planned.lost:
        yield "- **Leaves the rollback window:**"
        yield from (f"  - {inline(each)}" for each in planned.lost[:_LISTED])
    elif planned.moves:
        yield "- **Leaves the rollback window:** nothing"


def _rehearsal(environment: Environment, rehearsal: Rehearsal) -> Section:
    name = f"the rehearsal of {code(environment.stack, 60)}"
    if rehearsal.passed is None:
        how = f" To run it: {code(rehearsal.next)}" if rehearsal.next else ""
        return Section(f"**Rehearsal:** not run, {inline(rehearsal.told)}.{how}", 4, name)
    told = block(rehearsal.told, _OUTPUT)
    if rehearsal.passed:
        return Section(_folded("The rehearsal of the migrations went well", told), 6, name)
    return Section(
        f"**The rehearsal of the migrations failed:**\n\n{told}", 2, name, "**The rehearsal failed.**"
    )


def _resources(name: str, changes: Changes) -> Section:
    if not changes.resources:
        return Section("Resources: nothing changes.", 7, f"the resources of {name}")
    gone = [each for each in changes.resources if each.operation not in _KEEPING]
    lines = [f"- {_named(each)}{_because(each)}" for each in gone[:_LISTED]]
    lines += [f"- and {len(gone) - _LISTED} more that are replaced or deleted"] if len(gone) > _LISTED else []
    for operation in _KEEPING:
        kinds = Counter(each.kind for each in changes.resources if each.operation == operation)
        told = ", ".join(f"{count} {code(kind)}" for kind, count in sorted(kinds.items())[:_LISTED])
        lines += [f"- {operation}: {told}"] if told else []
    head = f"Resources: {inline(operations(changes))}"
    return Section(_folded(head, "\n".join(lines)), 7, f"the resources of {name}", head)


def _differences(found: Differences) -> Section:
    pair = f"{inline(found.first)} and {inline(found.second)}"
    if found.unread:
        return Section(f"**{pair} could not be compared:**\n\n{block(found.unread, _ERROR)}", 8, pair)
    warning = f"> [!WARNING]\n> {inline(found.warning, 600)}\n\n" if found.warning else ""
    head = f"{pair} differ in {counted(len(found.rows), 'setting')}, and are alike in {found.identical}"
    if not found.rows:
        return Section(f"{warning}{head}.", 8, pair)
    rows = [_cells(code(row.key), code(row.first), code(row.second)) for row in found.rows[:_ROWS]]
    table = [_cells("setting", inline(found.first), inline(found.second)), "|---|---|---|", *rows]
    return Section(warning + _folded(head, "\n".join(table)), 8, f"where {pair} differ", f"{warning}{head}.")


def _folded(head: str, body: str) -> str:
    """Within the summary GitHub reads HTML alone; behind the empty line it reads Markdown again."""
    return f"<details><summary>{head}</summary>\n\n{body}\n\n</details>"


def _named(resource: Resource) -> str:
    return f"{inline(resource.operation)} {code(f'{resource.kind} {resource.name}', 200)}"


def _because(resource: Resource) -> str:
    return f" ({', '.join(code(each, 60) for each in resource.because[:_NAMED])})" if resource.because else ""
