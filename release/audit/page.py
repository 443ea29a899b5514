"""The report as one page that needs nothing beside it: no script, no font, no address."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

_TEMPLATE = "page.html.jinja"


def render(report: Mapping[str, Any]) -> str:
    """HTML in UTF-8, every text escaped."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["took"] = _took
    environment.filters["resource"] = _resource
    source = files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(source).render(report)


def _moment(at: str) -> str:
    """To the second, in UTC, as people read it; a dash for none."""
    return at.replace("T", " ").removesuffix("Z").partition(".")[0] or "–"


def _took(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _resource(urn: str) -> str:
    """The type and the name of a resource."""
    qualified, _, name = urn.rpartition("::")
    return f"{qualified.rpartition('::')[2].rpartition('$')[2]} {name}"
