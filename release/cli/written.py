"""A report as a file of its own: a page or JSON, as the file is called."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release.errors import CommandRefused

_PAGES, _OBJECTS = (".html", ".htm"), (".json",)


@dataclass(frozen=True)
class Written:
    """A command that writes reports; `next` is how it is typed."""

    next: str

    def refused(self, expected: str, seen: str) -> CommandRefused:
        """The error for what it was asked with."""
        return CommandRefused(
            "no report was made", expected=expected, seen=seen, state="nothing was written", next=self.next
        )

    def must_be_known(self, out: Path) -> None:
        """Raises CommandRefused for a file that is called as neither a page nor JSON is."""
        if out.suffix.lower() not in (*_PAGES, *_OBJECTS):
            raise self.refused(f"a file that ends in {' or '.join((*_PAGES, *_OBJECTS))}", f"--out {out}")


def as_object(report: Mapping[str, Any]) -> str:
    """The report as JSON, with a newline at its end."""
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def write(report: Mapping[str, Any], out: Path, page: Callable[[Mapping[str, Any]], str]) -> None:
    """Write it to a file that `must_be_known`; `page` makes it a page."""
    text = page(report) if out.suffix.lower() in _PAGES else as_object(report)
    out.write_text(text, encoding="utf-8")
