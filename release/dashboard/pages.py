"""The page as HTML: what the view says, every text escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from release.dashboard.view import columns, headline

if TYPE_CHECKING:
    from release.dashboard.sight import Sight

_SIGNS = {"live": "well", "refused": "bad", "runs": "moving"}
_TITLES = {"bad": "✖ ", "unknown": "? ", "watch": "▲ ", "moving": "→ ", "well": "", "none": ""}


class Pages:
    """Renders for the project of this name."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._environment = Environment(
            loader=PackageLoader(__package__, ""),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= {
            "clock": _clock,
            "bare": _bare,
            "key": _key,
            "sign": _SIGNS.__getitem__,
        }

    def whole(self, sights: Sequence[Sight], now: datetime) -> str:
        return self._render("page.html.jinja", sights, now)

    def environments(self, sights: Sequence[Sight], now: datetime) -> str:
        """The part that changes. It is the same text for as long as it says the same."""
        return self._render("environments.html.jinja", sights, now)

    def _render(self, name: str, sights: Sequence[Sight], now: datetime) -> str:
        shown = columns(sights, now)
        first = headline(shown)
        what = f"{first.stack} {first.text}".strip()
        return self._environment.get_template(name).render(
            project=self._project,
            title=f"{_TITLES[first.standing]}{what} · {self._project}",
            headline=first,
            columns=shown,
        )


def _clock(at: str) -> str:
    """To the second, in UTC, as people read it."""
    return at.replace("T", " ").removesuffix("Z").partition(".")[0] + " UTC" if at else ""


def _bare(url: str) -> str:
    return url.partition("://")[2]


def _key(text: str) -> str:
    """The same for the same text: what is the same on the page keeps its place and its focus."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]
