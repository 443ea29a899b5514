"""One line a step with the time, in place on a terminal, and never silent for long in a log."""

from __future__ import annotations

import io

from localcloud.engine.progress import SILENCE, Progress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_line_tells_the_time_since_the_command_was_given() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, clock, started=clock.now - 61.25)
    progress.say("compiling")
    assert stream.getvalue() == "[  61.2 s] compiling\n"


def test_a_passing_state_leaves_nothing_on_a_terminal() -> None:
    stream = Screen()
    progress = Progress(stream, Clock(), started=100.0)
    progress.show("1 of 2")
    progress.say("done")
    assert stream.getvalue().endswith("\r\033[K[   0.0 s] done\n")


def test_a_log_gets_a_passing_state_only_after_a_silence() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, clock, started=100.0)
    for _ in range(5):
        clock.now += SILENCE / 4
        progress.show(f"at {clock.now:g}")
    assert stream.getvalue() == "[  30.0 s] at 130\n"
