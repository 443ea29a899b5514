"""The last releases of an environment, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from release.dashboard.sight import Told


@dataclass(frozen=True)
class Move:
    """One of the last releases: `outcome` is `live`, `refused` or `runs`; `report` is release (id) and moment of
    the report that there is of it, `ID/MOMENT`, or empty.
    """

    at: str
    what: str
    outcome: str
    took: str
    about: str
    report: str


def move(line: Told) -> Move:
    former, wanted = (_plain(str(line[name])) for name in ("former", "wanted"))
    what = {
        "first": f"First release, {wanted}",
        "release": f"{former} → {wanted}",
        "rollback": f"Rollback, {former} → {wanted}",
        "refused": f"{wanted} refused" + (f", {former} stayed" if former else ""),
        "contract": f"Contract {', '.join(line['migrations'])} of {wanted}",
    }.get(line["move"], str(line["changes"]))
    ended = "live" if line["result"] == "succeeded" else "refused"
    seconds = line["seconds"]
    return Move(
        at=str(line["at"]),
        what=what,
        outcome="runs" if line["result"] in ("in progress", "in-progress") else ended,
        took="" if seconds is None else f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min",
        about="; ".join(each for each in (str(line["reason"]), str(line["who"])) if each),
        report=f"{line['id']}/{line['report']}" if line.get("report") else "",
    )


def _plain(release: str) -> str:
    """`version 2 (f3cbc706)` is told by its version alone where people read a list."""
    return release.removeprefix("version ").partition(" (")[0]
