"""The report of one release as a page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from release import paper
from release.report.chart import chart

_TEMPLATE = "page.html.jinja"

_SAID = {
    "live": "live",
    "refused": "refused",
    "stopped": "stopped",
    "failed": "failed",
    "ended": "not released",
    "": "unfinished",
}


def render(report: Mapping[str, Any]) -> str:
    """HTML in UTF-8, every text escaped."""
    release = report["release"]
    name = f"version {release['version']}" if release["version"] else f"release {release['id']}"
    values = {**report, "name": name, "chart": chart(report), "said": _SAID[report["outcome"]]}
    return paper.render(__package__, _TEMPLATE, values, {"number": _number, "seconds": _seconds})


def _number(value: float) -> str:
    """With thousands apart, as people read them."""
    return f"{value:,.0f}"


def _seconds(value: float) -> str:
    """Exact where that is little."""
    return f"{value:.1f} s" if value < 10 else paper.took(value)
