"""Charts as SVG text: bars, and dots on a logarithmic line; light and dark as the reader's page is. Pure.

Every value is written beside its mark, and nothing is told by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 880
_LEFT, _RIGHT, _TOP, _ROW, _HEAD, _FOOT = 190, 190, 44, 24, 30, 14
_STYLE = """\
  .page { fill: #ffffff } .text { fill: #1f2328 } .quiet { fill: #59636e } .line { stroke: #d1d9e0 }
  .own { fill: #0969da } .other { fill: #818b98 } .dot { stroke: #ffffff }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .text { fill: #f0f6fc } .quiet { fill: #9198a1 } .line { stroke: #3d444d }
    .own { fill: #58a6ff } .other { fill: #7d8590 } .dot { stroke: #0d1117 }
  }
  text { font: 13px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 }
  .heading { font-weight: 600 } .end { text-anchor: end } .mono { font-variant-numeric: tabular-nums }
"""


@dataclass(frozen=True)
class Row:
    """A name, its values (one for a bar, rising ones for dots) and what is written at the end. No value: the words
    alone. `own` is drawn in the colour of what the document is about."""

    name: str
    values: tuple[float, ...]
    words: str
    own: bool = False


@dataclass(frozen=True)
class Group:
    """Rows below a heading."""

    heading: str
    rows: tuple[Row, ...]


def bars(title: str, groups: Sequence[Group], logarithmic: bool = False) -> str:
    """Horizontal bars from zero. Logarithmic: their length is that of log(1 + value), and the title must say so."""
    scaled = math.log1p if logarithmic else float
    top = max((value for row in _rows(groups) for value in row.values), default=0.0)
    full = scaled(top) or 1.0

    def marks(row: Row, y: float) -> str:
        span = (WIDTH - _LEFT - _RIGHT) * scaled(row.values[0]) / full
        size = f'width="{max(span, 1):.1f}" height="15"'
        return f'<rect class="{_class(row)}" x="{_LEFT}" y="{y - 8:.1f}" {size} rx="2"/>'

    return _drawn(title, groups, marks, {})


def dots(title: str, groups: Sequence[Group], unit: str) -> str:
    """The values of a row as dots on one logarithmic line for all rows, joined, with the powers of ten marked."""
    values = [value for row in _rows(groups) for value in row.values if value > 0] or [1.0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)

    def place(value: float) -> float:
        share = (math.log10(max(value, 10.0**low)) - low) / (high - low)
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * share

    def marks(row: Row, y: float) -> str:
        line = (
            f'<line x1="{place(row.values[0]):.1f}" x2="{place(row.values[-1]):.1f}" y1="{y:.1f}" y2="{y:.1f}" '
            'class="line" stroke-width="3"/>'
        )
        return line + "".join(
            f'<circle cx="{place(value):.1f}" cy="{y:.1f}" r="5" stroke-width="1.5" class="dot {_class(row)}"/>'
            for value in row.values
        )

    return _drawn(title, groups, marks, {place(10.0**n): f"{10.0**n:g} {unit}" for n in range(low, high + 1)})


def _drawn(
    title: str, groups: Sequence[Group], marks: Callable[[Row, float], str], ticks: dict[float, str]
) -> str:
    parts = [_text(16, 26, title, "text title")]
    y = float(_TOP)
    for group in groups:
        y += _HEAD
        parts.append(_text(16, y - 8, group.heading, "text heading"))
        begin = y
        for row in group.rows:
            middle = y + _ROW / 2
            parts.append(_text(_LEFT - 10, middle + 4, row.name, "text end"))
            if row.values:
                parts.append(marks(row, middle))
            parts.append(
                _text(WIDTH - _RIGHT + 12, middle + 4, row.words, "text mono" if row.values else "quiet")
            )
            y += _ROW
        grid = "".join(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{begin:.1f}" y2="{y:.1f}" class="line"/>' for x in ticks
        )
        parts.insert(1, grid)
    for x, words in ticks.items():
        parts.append(_text(x, y + 16, words, "quiet", "middle"))
    height = y + _FOOT + (14 if ticks else 0)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" role="img" aria-label="{escape(title)}">\n<style>\n{_STYLE}</style>\n'
        f'<rect class="page" width="{WIDTH}" height="{height:.0f}" rx="6"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _text(x: float, y: float, words: str, kind: str, anchor: str = "") -> str:
    at = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}"{at}>{escape(words)}</text>'


def _class(row: Row) -> str:
    return "own" if row.own else "other"


def _rows(groups: Sequence[Group]) -> list[Row]:
    return [row for group in groups for row in group.rows]
