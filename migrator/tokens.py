"""SQL as PostgreSQL's own scanner cuts it: words, texts, comments. Pure.

Written from the manual's chapter "SQL Syntax, Lexical Structure". It never fails: an unfinished text or comment
ends where the source ends, as in a query that pg_stat_activity has cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "name", "text", "number", "comment", "space", "sign"]

_SPACE = re.compile(r"\s+")
_LINE_COMMENT = re.compile(r"--[^\n]*")
_NUMBER = re.compile(r"\d[\w.]*|\.\d\w*|\$\d+")
_DOLLAR_TAG = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_PLAIN_TEXT = re.compile(r"(?:[uU]&|[bBxXnN])?'(?:[^']|'')*(?:'|\Z)")
_ESCAPE_TEXT = re.compile(r"[eE]'(?:[^'\\]|''|\\.)*(?:'|\\?\Z)", re.DOTALL)
_NAME = re.compile(r'(?:[uU]&)?"(?:[^"]|"")*(?:"|\Z)')
_WORD = re.compile(r"[^\W\d][\w$]*")
_COMMENT_EDGE = re.compile(r"/\*|\*/")


@dataclass(frozen=True)
class Token:
    """One piece of the source, which `"".join(token.text …)` gives back whole. `line` counts from 1."""

    kind: Kind
    text: str
    line: int

    @property
    def word(self) -> str:
        """The keyword or the unquoted name in capitals; empty for anything else."""
        return self.text.upper() if self.kind == "word" else ""


def scan(source: str) -> Iterator[Token]:
    """The tokens of `source`, in order and without gaps."""
    position, line = 0, 1
    while position < len(source):
        kind, end = _next(source, position)
        text = source[position:end]
        yield Token(kind, text, line)
        line += text.count("\n")
        position = end


def _next(source: str, at: int) -> tuple[Kind, int]:
    if source.startswith("/*", at):
        return "comment", _end_of_comment(source, at)
    if tag := _DOLLAR_TAG.match(source, at):
        closing = source.find(tag.group(), tag.end())
        return "text", len(source) if closing < 0 else closing + len(tag.group())
    patterns: tuple[tuple[Kind, re.Pattern[str]], ...] = (
        ("space", _SPACE),
        ("comment", _LINE_COMMENT),
        ("text", _ESCAPE_TEXT),
        ("text", _PLAIN_TEXT),
        ("name", _NAME),
        ("word", _WORD),
        ("number", _NUMBER),
    )
    for kind, pattern in patterns:
        if found := pattern.match(source, at):
            return kind, found.end()
    return "sign", at + 1


def _end_of_comment(source: str, start: int) -> int:
    """Block comments nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(source, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(source)
