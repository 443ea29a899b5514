"""The closing table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from demo.act import Played


def table(played: Sequence[Played], rate: float) -> Table:
    made = Table(title=f"what the load counted, at {rate:g} requests a second")
    for heading in ("version", "must be", "exit", "sent", "lost", "own failures", "by release"):
        made.add_column(heading)
    for heading in ("command", "to 100 %", "p50", "p99"):
        made.add_column(heading, justify="right")
    for one in played:
        own = one.counted.own_failures(one.candidate) if not one.act.succeeds else 0
        made.add_row(
            one.act.version,
            "live" if one.act.succeeds else "refused",
            str(one.status),
            str(one.counted.sent),
            str(one.lost),
            str(own),
            "  ".join(f"{name or '(none)'} {seen.answered}" for name, seen in one.counted.releases),
            f"{one.seconds:.1f} s",
            f"{one.to_full:.1f} s" if one.to_full is not None else "–",
            f"{one.counted.p50:.1f} ms",
            f"{one.counted.p99:.1f} ms",
        )
    return made
