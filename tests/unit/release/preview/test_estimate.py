"""How long it takes, and where that comes from."""

from __future__ import annotations

from typing import Any

from infra.running import Rollout
from release.history import Line
from release.preview.estimate import LOOKED_AT, estimate, in_words, short

ROLLOUT = Rollout(steps=(1, 10, 100), observe=60, drain=90, bake=600)


def line(seconds: float | None, **changes: Any) -> Line:
    told: dict[str, Any] = {"move": "release", "result": "succeeded", **changes}
    return Line(
        at="", seconds=seconds, who="", former="", wanted="", reason="", commit="", changes="", **told
    )


def test_without_a_history_it_is_what_the_settings_prescribe_and_no_less() -> None:
    found = estimate("release", ROLLOUT, 2)
    assert found is not None
    assert (found.basis, found.seconds) == ("settings", 60 + 60 + 90 + 600)
    assert "by the settings" in in_words(found)
    assert "2 migrations" in in_words(found)
    assert "until the gate is passed: 5 min at most" in in_words(found)
    assert short(found) == "at least 13 min"


def test_with_a_history_it_is_the_median_of_the_latest_that_went_live() -> None:
    history = [line(1000), line(5, result="failed"), line(2, move="none"), line(None), line(1200), line(1100)]
    found = estimate("release", ROLLOUT, 0, history)
    assert found is not None
    assert (found.basis, found.seconds, found.releases) == ("history", 1100, 3)
    assert "the median of the latest 3 here, 16 min to 20 min" in in_words(found)
    assert short(found) == "about 18 min"


def test_only_the_latest_of_a_long_history_count() -> None:
    found = estimate("release", ROLLOUT, 0, [line(1000)] * LOOKED_AT + [line(90_000)] * 50)
    assert found is not None
    assert (found.seconds, found.releases) == (1000, LOOKED_AT)


def test_settings_that_prescribe_more_than_ever_was_waited_for_count_more() -> None:
    found = estimate("release", ROLLOUT, 0, [line(100)])
    assert found is not None
    assert found.basis == "settings"


def test_a_way_back_is_not_measured_by_ways_forward_and_bakes_nothing() -> None:
    found = estimate("rollback", ROLLOUT, 0, [line(1000)], warm=True)
    assert found is not None
    assert (found.basis, found.seconds) == ("settings", 210)
    assert "gate" not in in_words(found)


def test_what_moves_no_traffic_takes_no_time_that_anybody_waits_for() -> None:
    assert estimate("nothing", ROLLOUT, 0) is None
    assert estimate("contract", ROLLOUT, 1) is None
