"""The status of one environment as a table for people, at most 100 columns wide while names are of a usual length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from release import warmth
from release.cli.backend import Lock
from release.cli.compare import WIDE
from release.cli.facts import Facts, FleetFacts
from release.cli.groups import GroupFacts
from release.cli.standing import Standing
from release.cli.state import StackState

_COLOURS = {"live": "green", "warm": "yellow", "candidate": "cyan"}


def show(
    stack: str,
    state: StackState,
    standing: Standing,
    locks: Sequence[Lock] = (),
    changed: Sequence[str] | None = None,
    console: Console | None = None,
) -> None:
    """Print it, as wide as it needs to be; colours only on a terminal. `changed` are the resources that a full look at
    AWS found to be otherwise than the state says, None where none was taken.
    """
    console = console or Console(width=WIDE, soft_wrap=True, highlight=False)
    facts = standing.facts
    console.print(f"[bold]{escape(stack)}[/]  {state.url or 'not made yet'}")
    if state.ledger.live is None:
        console.print(f"nothing is live yet\n  next: release deploy VERSION --stack {stack}")
    if facts is None:
        for entry in (state.ledger.live, *state.ledger.warm):
            if entry:
                console.print(f"{entry.state} by the state: {entry.release}")
    elif facts.fleets:
        console.print(_table(facts, standing.workers))
    for name, text in _lines(stack, state, standing, locks, changed):
        console.print(f"{name + ':':<11} {escape(text)}")


def _table(facts: Facts, workers: Sequence[GroupFacts]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("state", "version", "release"):
        table.add_column(heading)
    for heading in ("weight", "served", "healthy", "wanted"):
        table.add_column(heading, justify="right")
    table.add_column("workers")
    for fleet in facts.fleets:
        colour = _COLOURS[fleet.role]
        own = [each for each in workers if each.group.release == fleet.release]
        table.add_row(
            f"[{colour}]{fleet.role}[/]",
            escape(fleet.version or "?"),
            fleet.release,
            *_numbers(fleet, facts),
            escape("\n".join(map(_worker, own)) or "-"),
        )
    return table


def _numbers(fleet: FleetFacts, facts: Facts) -> tuple[str, str, str, str]:
    share = facts.share(fleet.release)
    return (
        "-" if fleet.weight is None else f"{fleet.weight} %",
        "-" if share is None else f"{share:.1%}",
        f"{fleet.healthy} of {fleet.targets}",
        "-" if fleet.wanted is None else str(fleet.wanted),
    )


def _worker(facts: GroupFacts) -> str:
    return f"{facts.group.process} {facts.healthy} of {facts.wanted}" + (
        f" {facts.turn}" if facts.turn else ""
    )


def _lines(
    stack: str,
    state: StackState,
    standing: Standing,
    locks: Sequence[Lock],
    changed: Sequence[str] | None,
) -> Iterator[tuple[str, str]]:
    now = datetime.now(UTC)
    live, facts = state.ledger.live, standing.facts
    if facts and facts.failures:
        yield "failures", f"of {facts.sampled} answers on fresh connections failed: {facts.failures}"
    for entry in state.ledger.warm:
        yield "rollback", f"to {entry.release} is {warmth.told(entry, now)}"
    for fleet in state.candidates:
        yield "candidate", f"{fleet.release} never became live: `pulumi up --stack {stack}` removes its fleet"
    if standing.schema.newest:
        waiting = "".join(f", the contract {name} waits" for name in standing.schema.waiting)
        yield (
            "schema",
            f"{standing.schema.newest.revision}, brought by {standing.schema.newest.release}{waiting}",
        )
    if live and standing.schedules:
        names = ", ".join(f"{each.name} {each.expression}" for each in standing.schedules)
        yield "schedules", f"{names}; of {live.release}"
    for depth in standing.queues:
        dead = f", {depth.dead} dead letters" if depth.dead else ""
        yield "queue", f"{depth.queue}: {depth.waiting} wait, {depth.taken} are being worked on{dead}"
    if standing.asked("alarms") and (live or standing.alarms):
        yield "alarms", ", ".join(standing.alarms) or "none rings"
    if standing.lease:
        yield "lease", str(standing.lease)
    for lock in locks:
        yield "lock", f"an update runs, or died: {lock}"
    if standing.freeze:
        yield "freeze", standing.freeze
    for line in (*standing.drift, *(changed or ())):
        yield "drift", line
    if changed is not None and not changed and not standing.drift:
        yield "drift", "none: every resource is as the state says"
    # Where nothing could be asked the error says so, with the same reasons.
    for line in standing.unknown if facts else ():
        yield "not known", line
