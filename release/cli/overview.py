"""What runs where: a line for each environment, 100 columns at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from release.cli.compare import WIDE
from release.cli.remarks import remarks

WIDTH = 100
_NAMES, _VERSIONS = 11, 10
_HEADINGS = ("environment", "live", "warm, till", "served", "web", "workers", "schema", "queues", "alarms")


def show(environments: Sequence[Mapping[str, Any]], console: Console | None = None) -> None:
    """Print them; what needs a look stands below, a line each."""
    console = console or Console(width=WIDE, soft_wrap=True, highlight=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in _HEADINGS:
        table.add_column(heading, justify="right" if heading in ("served", "queues") else "left")
    for each in environments:
        table.add_row(*map(escape, row(each)))
    console.print(table)
    for each in environments:
        for remark in remarks(each):
            console.print(f"[bold]{escape(each['stack'])}[/] {escape(remark.text)}")


def row(told: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of one environment, from its status as `release.cli.told` has it; `?` for what could not be asked."""
    name = _short(told["stack"], _NAMES)
    if not told.get("made", True):
        return name, "not made yet", *("-" for _ in _HEADINGS[2:])
    if "releases" not in told:
        return name, "not known", *("?" for _ in _HEADINGS[2:])
    releases = told["releases"]
    live = next((each for each in releases if each["state"] == "live"), None)
    warm = next((each for each in releases if each["state"] == "warm"), None)
    schema = told["schema"]["revision"] or "-"
    cells = (name, _named(live), _warm(warm))
    if not told["asked"]:
        return *cells, "?", "?", "?", _short(schema, 7), "?", "?"
    unasked = {line.partition(":")[0] for line in told["unknown"]}
    return (
        *cells,
        "-" if not live or live["served"] is None else f"{live['served']:.0%}",
        f"{live['healthy']}/{live['wanted'] or live['targets']}" if live else "-",
        "?" if "instance groups" in unasked else _workers(live),
        _short(schema, 7),
        "?" if "queues" in unasked else _queues(told["queues"]),
        "?" if "alarms" in unasked else f"{len(told['alarms'])} ring" if told["alarms"] else "quiet",
    )


def _named(release: Mapping[str, Any] | None) -> str:
    return f"{_short(release['version'] or '?', _VERSIONS)} ({release['id']})" if release else "-"


def _warm(release: Mapping[str, Any] | None) -> str:
    """With the time of day at which it shrinks, or the day where that is another one; UTC."""
    if not release:
        return "-"
    day, _, time = (release["warmUntil"] or "").partition("T")
    until = time[:5] if day == datetime.now(UTC).date().isoformat() else day[5:]
    return f"{_short(release['version'] or '?', 7)} {until}".rstrip()


def _workers(live: Mapping[str, Any] | None) -> str:
    groups = live["workers"] if live else ()
    if not groups:
        return "-"
    idle = {each["turn"] for each in groups} - {"working", ""}
    total = f"{sum(each['healthy'] for each in groups)}/{sum(each['wanted'] for each in groups)}"
    return total + (" !" if idle else "")


def _queues(queues: Sequence[Mapping[str, Any]]) -> str:
    return str(sum(each["waiting"] + each["taken"] for each in queues)) if queues else "-"


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
