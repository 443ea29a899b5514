"""The status as a table for people."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from release.cli.facts import Facts, FleetFacts
from release.cli.state import StackState

_COLOURS = {"live": "green", "warm": "yellow", "candidate": "cyan"}


def show(stack: str, state: StackState, facts: Facts, console: Console | None = None) -> None:
    """Print it, as wide as it needs to be; colours only on a terminal."""
    console = console or Console(soft_wrap=True, highlight=False)
    console.print(f"[bold]{stack}[/]  {facts.url or 'not made yet'}")
    if state.ledger.live is None:
        console.print("nothing is live yet\n  next: release deploy VERSION --stack " + stack)
    if facts.fleets:
        console.print(_table(facts))
    if facts.failures:
        console.print(f"of {facts.sampled} answers on fresh connections failed: {facts.failures}")
    for fleet in facts.fleets:
        if fleet.role == "candidate":
            console.print(f"{fleet.release} never became live: `pulumi up --stack {stack}` removes its fleet")


def _table(facts: Facts) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("state", "version", "release"):
        table.add_column(heading)
    for heading in ("weight", "served", "healthy", "wanted"):
        table.add_column(heading, justify="right")
    for fleet in facts.fleets:
        colour = _COLOURS[fleet.role]
        table.add_row(
            f"[{colour}]{fleet.role}[/]", fleet.version or "?", fleet.release, *_numbers(fleet, facts)
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
