"""Whatever is killed, refused or cut off, at whatever moment of a release: no request is lost, and the next command
ends well.

Under load, on the real engine; `make kills` plays all cells, `make kills-fast` half of them.
"""

from __future__ import annotations

import os

import pytest

from tests.kills.matrix import Cell, cells
from tests.kills.play import Play

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

CELLS = cells(fast=os.environ.get("KILLS") == "fast")


def following(cell: Cell, request: pytest.FixtureRequest) -> Cell | None:
    """The cell that is played next, as the tests were chosen."""
    chosen = [item.callspec.params["cell"] for item in request.session.items if hasattr(item, "callspec")]
    place = chosen.index(cell)
    return chosen[place + 1] if place + 1 < len(chosen) else None


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_nobody_notices_and_the_next_command_ends_well(
    cell: Cell, play: Play, request: pytest.FixtureRequest
) -> None:
    row = play.cell(cell, following(cell, request))
    assert row.good, row.complaint


def test_after_all_that_an_update_finds_nothing_to_change(play: Play) -> None:
    play.expect_no_changes()
