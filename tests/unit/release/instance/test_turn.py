"""What an instance makes of its worker's ends, and of a list that is there, changes, or cannot be read."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from release.instance.turn import SLOWEST, Ends, Listed, Worker


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "boot.log").write_text("process: worker ended: exit status 9\n" * 5)
    return tmp_path / "boot.log"


def ends(log: Path, how: str = "exit status 1", times: int = 1, process: str = "worker") -> None:
    with log.open("a") as out:
        out.write(f"process: {process} ended: {how}\n" * times)


def test_three_ends_in_a_while_are_a_failure_and_three_more_are_told_again(log: Path) -> None:
    seen = Ends(log, "worker")
    told = []
    for second in range(9):
        ends(log, "SIGKILL" if second == 2 else "exit status 1")
        told.append(seen.failure(float(second)))
    assert [bool(each) for each in told] == [False, False, True] * 3
    assert told[2] == "worker ended 3 times in 2 s, last with SIGKILL"
    assert told[5] == "worker ended 6 times in 5 s, last with exit status 1"


def test_what_was_before_it_worked_does_not_count_nor_does_another_process(log: Path) -> None:
    seen = Ends(log, "worker")
    ends(log, times=2)
    ends(log, process="web", times=5)
    assert seen.failure(1.0) == ""
    seen.forget()
    ends(log, times=2)
    assert seen.failure(2.0) == ""


def test_ends_that_are_far_apart_are_no_failure(log: Path) -> None:
    seen = Ends(log, "worker")
    for number in range(8):
        ends(log)
        assert seen.failure(number * 16.0) == ""


def test_a_line_counts_when_it_is_whole_and_a_log_that_was_rotated_is_read_on(log: Path) -> None:
    seen = Ends(log, "worker")
    ends(log, times=2)
    with log.open("a") as out:
        out.write("process: worker ended: exit")
    assert seen.failure(1.0) == ""
    with log.open("a") as out:
        out.write(" status 1\n")
    assert seen.failure(2.0) != ""
    log.write_text("")
    ends(log, times=3)
    assert seen.failure(3.0) != ""


def test_the_list_is_read_now_and_then_and_counts_as_long_as_it_cannot_be_read_again() -> None:
    texts: list[str | None] = [None, "ab12cd34\nc0ffee12\n", None, "ab12cd34\n"]
    read: list[float] = []
    now = 0.0

    def reader() -> str | None:
        read.append(now)
        return texts[min(len(read), len(texts)) - 1]

    listed, said = Listed("c0ffee12", reader), []
    while now < 200:
        said.append(listed.turn(now))
        now += 1.0
    assert list(dict.fromkeys(said)) == ["", "working", "resting"]
    pauses = [after - before for before, after in pairwise(read)]
    assert max(pauses[:3]) <= 8, "a change is seen soon"
    assert max(pauses) <= SLOWEST
    assert len(read) < 200 / 10


class Unit(Worker):
    """A worker whose unit starts and stops as it is told."""

    def _systemctl(self, verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([verb], 0, stdout="active")


def test_it_works_once_it_has_run_for_some_seconds_and_a_failure_stays_the_last_word_until_then(
    log: Path,
) -> None:
    worker, said = Unit("worker", Ends(log, "worker")), list[str]()
    ended = {1, 2, 4, 7}
    for now in range(30):
        if now in ended:
            ends(log, times=1)
        said += [f"{now}: {line}" for line in worker.obey("working", float(now))]
    assert said == [
        "1: starting again after exit status 1",
        "2: starting again after exit status 1",
        "4: failed: worker ended 3 times in 3 s, last with exit status 1",
        "12: working",
    ]
    ends(log, times=1)
    assert worker.obey("working", 40.0) == ["starting again after exit status 1"]
    assert worker.obey("working", 44.0) == []
    assert worker.obey("working", 45.0) == ["working"]
