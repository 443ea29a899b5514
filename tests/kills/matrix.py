"""What is struck, when, and how the outcome is told. Pure.

Cells are played in chains, since a fleet takes longer to boot than everything else together: one candidate is struck
in each phase that it has to go through anyway, every time by another victim, and each next release goes on with what
the one before left. The last of a chain ends with the candidate live. Cells of the phases that move traffic are played
between two releases that run, each on its own: struck, and then repaired by one command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FORWARD = ("plan", "migration", "fleet", "gate", "workers", "bake")
"""Phases that a new release is struck in, in their order."""
MOVING = ("10 %", "100 %", "record")
"""Phases that a release which runs already is struck in."""

VICTIMS = ("pulumi", "provider", "language host", "API", "network", "SIGINT", "SIGTERM")

FAULT_SECONDS = 20.0
"""How long the API or the network is gone."""

BOUNDS = {
    "pulumi": 3.0,
    "provider": 15.0,
    "language host": 15.0,
    "API": 20.0,
    "network": 20.0,
    "SIGINT": 2.0,
    "SIGTERM": 2.0,
}
"""How long (s) a release that did not go live may keep a share of the traffic: from the kill or the signal, or from the
moment when the API can be reached again. A killed `pulumi` is noticed by its provider, a killed provider by
`release deploy`, which first has to be sure that it is dead."""

RECORD_SECONDS = 10.0
"""The bound for a signal when only the record is missing: the provider has done all that it was asked for, so
`release deploy` gives the traffic back when Pulumi has ended. docs/interruptions.md tells all of them."""


@dataclass(frozen=True)
class Cell:
    """`victim` is struck when a release has come to `phase`. `chain` is the same for those of one candidate."""

    phase: str
    victim: str
    chain: int

    def __str__(self) -> str:
        return f"{self.phase} x {self.victim}"

    @property
    def forward(self) -> bool:
        return self.phase in FORWARD

    @property
    def bound(self) -> float:
        """Seconds, as `BOUNDS` counts them."""
        told = self.victim in ("SIGINT", "SIGTERM")
        return RECORD_SECONDS if told and self.phase == "record" else BOUNDS[self.victim]

    @property
    def repair(self) -> str:
        """By which command a struck release between two running ones is put right."""
        return ("release rollback", "release deploy")[(self.chain + MOVING.index(self.phase)) % 2]

    def followed_by(self, other: Cell | None) -> bool:
        """Whether another cell goes on with the candidate of this one."""
        return bool(
            self.forward
            and other
            and other.forward
            and other.chain == self.chain
            and FORWARD.index(other.phase) > FORWARD.index(self.phase)
        )


def cells(fast: bool) -> tuple[Cell, ...]:
    """Every phase by every victim; with `fast` half of them, each phase and each victim at least once."""
    chains = range(len(VICTIMS))
    forward = [
        Cell(phase, VICTIMS[(number + chain) % len(VICTIMS)], chain)
        for chain in (chains[::3] if fast else chains)
        for number, phase in enumerate(FORWARD)
    ]
    moving = [
        Cell(phase, victim, chain)
        for chain, victim in enumerate(VICTIMS)
        for number, phase in enumerate(MOVING)
        if not fast or (chain + number) % 2 == 0 or victim == "provider"
    ]
    return (*forward, *moving)


@dataclass(frozen=True)
class Row:
    """What became of a cell. Times in s; `wrong` is how long a release that did not go live kept traffic, counted as
    `BOUNDS` says; `status` the struck command's exit status; `repaired` what came after, `took` how long all of it.
    """

    cell: Cell
    status: int
    sent: int
    lost: int
    wrong: float
    repaired: str
    took: float
    complaint: str = ""

    @property
    def good(self) -> bool:
        return not self.complaint


def table(rows: Sequence[Row]) -> str:
    """A line a cell, and a last one with the sums."""
    head = f"{'phase':<10} {'victim':<14} {'exit':>4} {'sent':>7} {'lost':>4} {'wrong for':>9} {'at most':>7}  then"
    lines = [head, "-" * len(head)]
    for row in rows:
        lines.append(
            f"{row.cell.phase:<10} {row.cell.victim:<14} {row.status:>4} {row.sent:>7} {row.lost:>4} "
            f"{row.wrong:>7.1f} s {row.cell.bound:>5.0f} s  {row.repaired}; {row.took:.0f} s in all"
            + (f"\n    BAD: {row.complaint}" if row.complaint else "")
        )
    bad = sum(not row.good for row in rows)
    sent, lost = sum(row.sent for row in rows), sum(row.lost for row in rows)
    lines.append(f"{len(rows)} cells, {bad} bad; {sent} requests sent, {lost} lost")
    return "\n".join(lines)
