"""Foreign text in a comment on GitHub: shown as it is, and nothing else. Pure.

Versions, schedules, messages, names and errors come from applications, from AWS and from whoever opens a pull request.
None of it may become a link, a mention of a person, a reference to an issue, a comment, HTML or a line of a table.
"""

from __future__ import annotations

import re
import unicodedata

_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")

_SPECIAL = frozenset("&<>`*_~[]|\\!$^")

_NOBODY = "\u200b"
"""A space without width: behind it GitHub sees neither a person nor an issue (entities do not keep it from that)."""

_ACTIVE = re.compile(
    r"[@#](?=\w)|(?<=GH)-(?=\d)|(?<=[a-z]):(?=//)|(?<=mailto):(?=\S)|(?<=xmpp):(?=\S)|(?<=www)\.(?=\S)",
    re.IGNORECASE,
)
"""The last letter of what GitHub would make a mention, a reference or a link of."""

_BEGINS = re.compile(r"^(?:[-+=#>:]|\d+(?=[.)]))")


def plain(text: str) -> str:
    """Without what no reader sees and a terminal or a browser obeys: escape sequences, control characters, marks that
    turn the direction of writing. Line ends and tabs stay.
    """
    seen = _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\t", "    ")
    return "".join(letter for letter in seen if letter == "\n" or unicodedata.category(letter)[0] != "C")


def one_line(text: str, most: int = 300) -> str:
    """The text in one line of so many characters at most, with every space as one."""
    line = " ".join(plain(text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def inline(text: str, most: int = 300) -> str:
    """A line of prose, in a paragraph, a list, a heading or a cell of a table; never empty, since an empty item below a
    line makes a heading of it.
    """
    line = one_line(text, most) or "–"
    beginning = _BEGINS.match(line)
    line = _ACTIVE.sub(rf"\g<0>{_NOBODY}", line)
    safe = "".join(_entity(letter) if letter in _SPECIAL else letter for letter in line)
    return f"{_NOBODY}{safe}" if beginning else safe


def code(text: str, most: int = 120) -> str:
    """A name in a span of code, which is never empty."""
    line = one_line(text, most) or "?"
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def block(text: str, most: int) -> str:
    """Lines as they are, in a fence; where they are more than `most` characters, their beginning and their end."""
    lines = cut(plain(text).strip("\n"), most)
    fence = "`" * max(3, max(map(len, re.findall("`+", lines)), default=0) + 1)
    return f"{fence}text\n{lines}\n{fence}"


def cut(text: str, most: int) -> str:
    """No more than `most` characters of a text: two thirds from its beginning, one from its end."""
    if len(text) <= most:
        return text
    note = "\n… {} characters are left out …\n"
    room = max(0, most - len(note) - 8)
    head, tail = room * 2 // 3, room - room * 2 // 3
    return f"{text[:head]}{note.format(len(text) - room)}{text[len(text) - tail :]}"[:most]


def _entity(letter: str) -> str:
    return f"&#{ord(letter)};"
