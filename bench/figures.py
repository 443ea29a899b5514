"""What was measured, each against its target. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`value` in `unit`, which must not be above `limit`; `how` says what was counted, and how."""

    name: str
    value: float
    limit: float
    unit: str
    how: str

    @property
    def met(self) -> bool:
        return self.value <= self.limit


@dataclass(frozen=True)
class Share:
    """One part of a figure, in seconds."""

    name: str
    seconds: float
    note: str = ""


def table(figures: Sequence[Figure]) -> str:
    """A line a figure and one on how it was counted."""
    width = max((len(figure.name) for figure in figures), default=0)
    return "\n".join(
        f"  {figure.name:<{width}}  {figure.value:7.2f} {figure.unit:<2}  target <= {figure.limit:g} {figure.unit:<2}  "
        f"{'met' if figure.met else 'MISSED'}\n      {figure.how}"
        for figure in figures
    )


def shares(parts: Sequence[Share], whole: float) -> str:
    """A line a part: its seconds and its percentage of `whole` seconds, which is more than 0."""
    width = max((len(part.name) for part in parts), default=0)
    return "\n".join(
        f"    {part.name:<{width}}  {part.seconds:6.1f} s  {part.seconds / whole:4.0%}  {part.note}".rstrip()
        for part in parts
    )
