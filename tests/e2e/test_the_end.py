"""Down and up again, and the end: what stays must stay, and what is left must be nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.customer import Customer
from tests.e2e.stage import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


def test_each_stack_is_previewed_on_a_local_cloud_of_its_own(stage: Stage) -> None:
    told = stage.done(sys.executable, "-m", "setup", "preview")
    assert "unchanged" in next(line for line in told.splitlines() if "dev:" in line and "took" in line)
    for name in ("staging", "production"):
        assert "to create" in next(
            line for line in told.splitlines() if f"{name}:" in line and "took" in line
        )


def test_a_cloud_that_was_down_goes_on_with_what_it_held(stage: Stage) -> None:
    url, live = stage.status().url, stage.live()
    grace = Customer(url, "grace")
    grace.log_in()
    order = grace.order("tea")
    stage.done("localcloud", "down")
    stage.done("localcloud", "up")
    stage.until(lambda: stage.answers(url), lambda answers: answers, 60)
    assert stage.live() == live
    assert grace.who_am_i() == "grace"
    assert grace.find(order["id"]) == order
    stage.done("pulumi", "up", "--yes", "--stack", "dev", "--non-interactive", "--expect-no-changes")


def test_destroy_and_down_leave_no_process_and_no_port(stage: Stage, home: Path) -> None:
    stage.done("pulumi", "destroy", "--yes", "--stack", "dev", "--non-interactive")
    stage.done("localcloud", "down", "--all", "--forget")
    assert _marked(home) == []


def _marked(home: Path) -> list[str]:
    """The processes that carry this cloud's marker."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            environment = entry.read_bytes()
        except OSError:
            continue
        if f"UNEVENTFUL_CLOUD={home}".encode() in environment:
            found.append(entry.parent.name)
    return found
