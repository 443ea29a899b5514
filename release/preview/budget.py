"""As much of a page as there is room for: what matters most stays, and a note says what does not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 65_536
"""Characters of a comment on GitHub ("body is too long (maximum is 65536 characters)")."""

_BETWEEN = "\n\n"


@dataclass(frozen=True)
class Section:
    """A part of a page that stands by itself. The lower its `rank`, the more it matters; `brief` takes its place where
    there is no room for it, and `name` says in the note what is missing.
    """

    text: str
    rank: int
    name: str
    brief: str = ""


def fit(sections: Sequence[Section], limit: int = LIMIT, hint: str = "") -> str:
    """The sections in their order, in `limit` characters at most. `hint` says where the whole of it is.

    Counted in UTF-16's units, of which no letter has fewer than one: whoever counts letters finds no more.
    """
    whole = _BETWEEN.join(section.text for section in sections)
    if _size(whole) <= limit:
        return whole
    order = sorted(range(len(sections)), key=lambda place: (sections[place].rank, place))
    names = [section.name for section in sections]
    room = limit - _size(_note(names, hint)) - _size(_BETWEEN)
    kept: dict[int, str] = {}
    for place in order:
        for text in (sections[place].text, sections[place].brief):
            if text and _size(text) + _size(_BETWEEN) <= room:
                kept[place] = text
                room -= _size(text) + _size(_BETWEEN)
                break
    lost = [names[place] for place in range(len(sections)) if kept.get(place) != sections[place].text]
    page = _BETWEEN.join([*(kept[place] for place in sorted(kept)), _note(lost, hint)])
    return page if _size(page) <= limit else page[: limit // 2]


def _note(names: Sequence[str], hint: str) -> str:
    told = ", ".join(dict.fromkeys(names[:20]))
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"_There was no room for: {told}{more}.{f' {hint}' if hint else ''}_"


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
