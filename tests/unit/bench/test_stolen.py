"""What the host of a virtual machine took, as the kernel tells it."""

from __future__ import annotations

import os
from pathlib import Path

from bench.stolen import stolen


def test_it_is_the_eighth_figure_of_all_processors_in_seconds(tmp_path: Path) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    stat = tmp_path / "stat"
    stat.write_text(f"cpu  1 2 3 4 5 6 7 {3 * ticks} 9 10\ncpu0 1 2 3 4 5 6 7 {ticks} 9 10\n")
    assert stolen(stat) == 3.0


def test_a_kernel_that_cannot_know_says_nothing_was_taken(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  1 2 3 4\n")
    assert stolen(stat) == 0.0


def test_this_machine_tells() -> None:
    assert stolen() >= 0.0
