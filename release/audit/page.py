"""The report as one page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from release import paper

_TEMPLATE = "page.html.jinja"


def render(report: Mapping[str, Any]) -> str:
    """HTML in UTF-8, every text escaped."""
    return paper.render(__package__, _TEMPLATE, report, {"resource": _resource})


def _resource(urn: str) -> str:
    """The type and the name of a resource."""
    qualified, _, name = urn.rpartition("::")
    return f"{qualified.rpartition('::')[2].rpartition('$')[2]} {name}"
