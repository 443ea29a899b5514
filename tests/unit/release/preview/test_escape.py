"""Foreign text in a comment is text, whatever it holds; read back with a parser of the Markdown that GitHub has."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from release.preview.escape import block, code, cut, inline, one_line, plain
from tests.unit.release.preview.previews import UGLY

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
INVISIBLE = "\u200b"


def inner(markdown: str) -> list[Token]:
    """The inline tokens of all blocks."""
    return [child for token in PARSER.parse(markdown) for child in token.children or ()]


@given(UGLY)
def test_prose_reads_as_it_was_and_is_nothing_but_text(text: str) -> None:
    tokens = PARSER.parse(f"- {inline(text)} end")
    assert [token.type for token in tokens] == [
        *("bullet_list_open", "list_item_open", "paragraph_open", "inline"),
        *("paragraph_close", "list_item_close", "bullet_list_close"),
    ]
    children = inner(f"- {inline(text)} end")
    assert {child.type for child in children} <= {"text", "text_special"}
    told = "".join(child.content for child in children).replace(INVISIBLE, "")
    assert told.split() == f"{one_line(text) or '–'} end".replace(INVISIBLE, "").split()


@given(UGLY)
def test_nobody_is_mentioned_no_issue_is_referred_to_and_nothing_is_a_link(text: str) -> None:
    told = "".join(child.content for child in inner(f"x {inline(text)}"))
    assert not re.search(r"[@#]\w|GH-\d|[a-z]://|www\.\w", told, re.IGNORECASE), told


@given(UGLY, UGLY)
def test_a_cell_stays_a_cell(first: str, second: str) -> None:
    told = f"| a | b |\n|---|---|\n| {inline(first)} | {code(second).replace('|', chr(92) + '|')} |\n"
    rows = [token.type for token in PARSER.parse(told)]
    assert rows.count("td_open") == 2
    assert rows.count("tr_open") == 2


@given(UGLY)
def test_a_name_is_one_span_of_code_that_holds_all_of_it(text: str) -> None:
    children = inner(f"before {code(text)} after")
    assert [child.type for child in children] == ["text", "code_inline", "text"]
    assert children[1].content.strip() == (one_line(text, 120) or "?").strip()


@given(UGLY, st.integers(200, 400))
def test_a_block_of_lines_ends_only_where_it_is_ended(text: str, most: int) -> None:
    tokens = PARSER.parse(f"{block(text, most)}\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].content.rstrip("\n") == cut(plain(text).strip("\n"), most).rstrip("\n")


@given(UGLY)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    assert all(letter == "\n" or unicodedata.category(letter)[0] != "C" for letter in plain(text))


def test_an_escape_sequence_leaves_nothing_of_itself() -> None:
    assert plain("\x1b[31mred\x1b[0m \x1b]8;;http://evil\x07link") == "red link"


def test_what_is_too_long_keeps_its_beginning_and_its_end_and_says_how_much_is_missing() -> None:
    told = cut("first line\n" + "x" * 5000 + "\nlast line", 300)
    assert len(told) <= 300
    assert told.startswith("first line")
    assert told.endswith("last line")
    assert re.search(r"… \d+ characters are left out …", told)
