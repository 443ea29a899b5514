"""Every link inside of the repository leads somewhere, also to a heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.docs.typed import DOCUMENTS, ROOT

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_link_leads_to_what_is_there(document: Path) -> None:
    text = _CODE.sub(
        lambda code: "`" if code[0].startswith("`") else "", document.read_text(encoding="utf-8")
    )
    for link in (one or other for one, other in _LINK.findall(text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{document.name}: {link}"
        if heading:
            assert heading in _headings(target), f"{document.name}: {link}"


def _headings(document: Path) -> set[str]:
    """The names by which GitHub links to headings."""
    found = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_the_index_names_every_document() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    missing = [
        page.name
        for page in (ROOT / "docs").glob("*.md")
        if page.name != "README.md" and f"({page.name})" not in index
    ]
    assert not missing


def test_the_index_of_runbooks_names_every_page() -> None:
    index = (ROOT / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs" / "runbooks").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name
