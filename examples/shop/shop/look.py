"""What differs from version to version: the look, what is remarked on an order, and the mistakes that three have."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Shop, version {version}</title>
<style>
  body {{ margin: 0; display: grid; place-content: center; min-height: 100vh; text-align: center;
          font: 1.2rem system-ui, sans-serif; color: white; background: {colour} }}
  strong {{ font-size: 6rem }}
</style>
<h1>{headline}</h1>
<p>version <br><strong>{version}</strong></p>
<p>release <code>{release}</code></p>
"""


@dataclass(frozen=True)
class Look:
    """A version's colour and headline, the status of its health path, and the share of pages that fail (0
    to 1). `remark` is the column that an order's remark is in, the only one that some versions have and others not;
    `worker_status` is what its worker ends with at once, 0 where it works.
    """

    colour: str
    headline: str
    health_status: int = 200
    failing_share: float = 0.0
    remark: str = "note"
    worker_status: int = 0

    @classmethod
    def read(cls) -> Look:
        """The look that the build put beside this file."""
        return cls(**json.loads(Path(__file__).with_name("look.json").read_text(encoding="utf-8")))

    def page(self, version: str, release: str) -> str:
        """The front page as HTML."""
        words = {"version": version, "release": release, "headline": self.headline, "colour": self.colour}
        return PAGE.format(**{name: html.escape(word) for name, word in words.items()})

    def failures(self) -> Iterator[bool]:
        """For each page asked for, whether it fails: spread evenly, so that a share of 0.05 is every
        twentieth.
        """
        owed = 0.0
        while True:
            owed += self.failing_share
            fails = owed >= 1 - 1e-9
            owed -= fails
            yield fails
