from __future__ import annotations

from typing import Any

from demo.act import Act, Played
from demo.counted import Counted
from demo.story import acts


def report(**changes: Any) -> dict[str, Any]:
    at = "2026-01-01T00:00:0{}+00:00"
    release = {"answered": 60, "errors": 0, "first": at.format(1), "last": at.format(5)}
    return {
        "sent": 100,
        "failed_total": 3,
        "failed": {"http-500": 2, "connection reset": 1},
        "by_release": {"old": release, "new": {**release, "answered": 40, "errors": 2}},
        "latency_ms": {"p50": 2.0, "p99": 9.0},
        **changes,
    }


def played(status: int, succeeds: bool, output: str = "") -> Played:
    return Played(Act("", "2", succeeds), status, 1.0, None, Counted.parse(report()), "new", output)


def test_a_refused_candidates_own_failures_are_counted_apart_from_the_lost_ones() -> None:
    assert played(1, succeeds=False).lost == 1


def test_a_release_that_went_live_has_lost_what_it_failed_itself_too() -> None:
    assert played(0, succeeds=True).lost == 3


def test_an_act_goes_well_only_with_the_right_exit_status_and_nothing_lost() -> None:
    assert not played(0, succeeds=True).went_well
    clean = Counted.parse(report(failed_total=2))
    right = Played(Act("", "4", False), 1, 1.0, None, clean, "new", "")
    assert right.went_well
    assert not Played(Act("", "4", False), 0, 1.0, None, clean, "new", "").went_well


def test_the_first_error_is_quoted_as_it_was_printed() -> None:
    output = "error: update failed\n    error: refused\n      expected: 2\n\nother\nerror: later\n"
    assert played(1, False, output).words == ("error: refused", "expected: 2")


def test_a_second_showing_takes_versions_that_were_not_released_before() -> None:
    assert [act.version for act in acts(())] == ["2", "3", "4"]
    assert [act.version for act in acts({"1", "2", "4", "2.1"})] == ["2.2", "3", "4.1"]


def test_the_steps_that_were_passed_are_quoted_once() -> None:
    passed = "1 % on 2 (ab): errors 0 of 51 (old 0 of 5137), 3 ms (old 4 ms); proven by 50 probes in 0.5 s"
    output = f" ~ traffic updating (6s); {passed}\n    {passed}\n    1 % on 2 (ab): waiting\n"
    assert played(0, True, output).milestones == (passed,)
