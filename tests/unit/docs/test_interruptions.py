"""The bounds that the document names are those that the kill matrix holds a release to."""

from __future__ import annotations

import re
from pathlib import Path

from tests.kills.matrix import BOUNDS, cells

TEXT = (Path(__file__).parents[3] / "docs" / "interruptions.md").read_text()
SAID = {
    "SIGINT": "Ctrl-C or SIGTERM",
    "SIGTERM": "Ctrl-C or SIGTERM",
    "pulumi": "`pulumi` is killed",
    "provider": "the provider is killed",
    "language host": "language host is killed",
    "API": "AWS's API refuses",
    "network": "network to AWS is gone",
}


def documented(victim: str) -> set[float]:
    lines = [line for line in TEXT.splitlines() if line.startswith("|") and SAID[victim] in line]
    return {float(bound) for line in lines for bound in re.findall(r"\| (\d+) s", line)}


def test_each_kind_of_death_is_told_with_the_bounds_that_it_is_played_with() -> None:
    for victim in BOUNDS:
        assert documented(victim) == {cell.bound for cell in cells(fast=False) if cell.victim == victim}
