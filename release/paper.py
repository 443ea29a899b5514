"""Pages that need nothing beside them: no script, no font, no address.

They print well, and are light or dark as their reader is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup


def render(
    package: str, template: str, values: Mapping[str, Any], filters: Mapping[str, Callable[..., str]]
) -> str:
    """HTML in UTF-8 by a template of the package, every text escaped. `paper` is the style that all pages have."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update({"moment": moment, "took": took, **filters})
    source = files(package).joinpath(template).read_text(encoding="utf-8")
    style = Markup(files("release").joinpath("paper.css").read_text(encoding="utf-8"))
    return environment.from_string(source).render({"paper": style, **values})


def moment(at: str) -> str:
    """To the second, in UTC, as people read it; a dash for none."""
    return at.replace("T", " ").removesuffix("Z").partition(".")[0] or "–"


def took(seconds: float | None) -> str:
    """As people say it; a dash where it is not known."""
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
