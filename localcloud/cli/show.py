"""`localcloud status` for a person: what is wrong first, then who serves what."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

COLOURS = {
    "running": "green",
    "healthy": "green",
    "InService": "green",
    "available": "green",
    "unhealthy": "red",
    "failed": "red",
    "gone": "red",
    "draining": "yellow",
    "initial": "yellow",
    "booting": "yellow",
    "creating": "yellow",
    "shutting-down": "yellow",
}


def show_status(seen: Mapping[str, Any], console: Console | None = None) -> None:
    """Print what the daemon's `status` answered."""
    # Where nobody looks at a terminal, nothing is folded.
    out = console or Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    out.print(f"local cloud {seen['endpoint']}, up for {_duration(seen['uptime'])}, pid {seen['pid']}")
    if seen["problem"]:
        out.print(Text(f"PROBLEM: {seen['problem']}", style="bold red"))
    if seen["faults"]:
        knobs = ", ".join(f"{name}={value}" for name, value in seen["faults"].items())
        out.print(Text(f"FAULTS ON: {knobs}   (off: localcloud fault clear)", style="bold yellow"))
    if seen["behind"]:
        out.print(
            Text("the data plane does not yet serve what the API holds (weights-delay)", style="yellow")
        )
    for balancer in seen["load_balancers"]:
        _show_balancer(out, balancer)
    health = {group["name"]: group["targets"] for group in seen["target_groups"]}
    if health:
        _show_groups(out, health)
    if seen["auto_scaling_groups"]:
        _show_scaling(out, seen["auto_scaling_groups"])
    if seen["instances"]:
        _show_instances(out, seen["instances"])
    if seen["databases"]:
        _show_stores(out, "databases", seen["databases"])
    if seen["caches"]:
        _show_stores(out, "caches", seen["caches"])
    for alarm in seen["ringing"]:
        out.print(f"\nalarm {alarm['name']} rings: {alarm['reason']}", markup=False)
    if not (seen["load_balancers"] or seen["instances"] or seen["databases"] or seen["caches"]):
        out.print("it is empty: no load balancer, no instance, no database, no cache")


def _show_balancer(out: Console, balancer: Mapping[str, Any]) -> None:
    for listener in balancer["listeners"] or [None]:
        if listener is None:
            out.print(f"\nload balancer {balancer['name']} at {balancer['address']}, without a listener")
            continue
        out.print(f"\nload balancer {balancer['name']}  http://{balancer['address']}:{listener['port']}/")
        table = _table("priority", "when", "then")
        for rule in listener["rules"]:
            table.add_row(str(rule["priority"]), rule["when"], _then(rule["then"]))
        table.add_row("default", "", _then(listener["default"]))
        out.print(table)


def _show_groups(out: Console, health: Mapping[str, Any]) -> None:
    out.print("\ntarget groups")
    table = _table("group", "target", "address", "health", "reason")
    for name, targets in health.items():
        for target in targets or [{"id": "(no target)", "address": "", "state": "", "reason": ""}]:
            table.add_row(
                name, target["id"], target["address"] or "", _state(target["state"]), target["reason"]
            )
    out.print(table)


def _show_scaling(out: Console, groups: list[Mapping[str, Any]]) -> None:
    out.print("\nauto-scaling groups")
    table = _table("group", "min/desired/max", "in service", "leaving")
    for group in groups:
        states = [state for _, state in group["instances"]]
        table.add_row(
            group["name"],
            f"{group['min']}/{group['desired']}/{group['max']}",
            str(states.count("InService")),
            str(states.count("Terminating")),
        )
    out.print(table)


def _show_instances(out: Console, instances: list[Mapping[str, Any]]) -> None:
    out.print("\ninstances")
    table = _table("instance", "address", "EC2", "machine", "group", "detail")
    for one in instances:
        table.add_row(
            one["id"],
            one["address"],
            _state(one["state"]),
            _state(one["machine"]),
            one["group"],
            one["detail"],
        )
    out.print(table)


def _show_stores(out: Console, title: str, stores: list[Mapping[str, Any]]) -> None:
    out.print(f"\n{title}")
    table = _table("name", "endpoint", "state", "detail")
    for one in stores:
        endpoint = f"{one['address']}:{one['port']}"
        table.add_row(one["id"], endpoint, _state(one["state"]), one["detail"])
    out.print(table)


def _then(action: Mapping[str, Any]) -> str:
    if action["kind"] == "forward":
        total = sum(action["weights"].values()) or 1
        return ", ".join(f"{name} {100 * weight / total:g} %" for name, weight in action["weights"].items())
    return f"{action['kind']} {action['status']}"


def _state(state: str) -> Text:
    return Text(state, style=COLOURS.get(state, ""))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
