"""What the operations host recorded of commands, read back."""

from __future__ import annotations

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from release.runs import Run, parse

WORDS = {"by": "a on b", "release": "0123abcd", "version": "2", "command": "python3 -m tidy"}


def record(name: str, event: str, at: str, **more: object) -> str:
    return json.dumps({"run": {"id": name, "at": at, **WORDS, "event": event, **more}})


BEGIN = record("1", "begin", "2026-01-01T00:00:00Z")
END = record("1", "end", "2026-01-01T00:01:00Z", exit=3, seconds=60.0, why="ended")
OTHER = record("2", "begin", "2026-01-01T00:00:30Z")
WHOLE = Run(id="1", at="2026-01-01T00:00:00Z", **WORDS, exit=3, seconds=60.0, why="ended")
RUNS_ON = Run(id="2", at="2026-01-01T00:00:30Z", **WORDS)


def test_a_command_is_one_whatever_the_order_of_its_records() -> None:
    for lines in itertools.permutations([BEGIN, END, OTHER]):
        assert parse(lines) == (RUNS_ON, WHOLE)


def test_a_command_whose_beginning_is_no_longer_kept_began_when_it_did() -> None:
    assert parse([END]) == (WHOLE,)


@given(st.lists(st.text() | st.sampled_from(['{"run": 1}', '{"run": {"id": "1"}}', "[]", BEGIN[:-1]])))
def test_what_is_no_record_is_passed_over(lines: list[str]) -> None:
    assert parse([*lines, BEGIN, END]) == (WHOLE,)
