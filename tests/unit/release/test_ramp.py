"""Shares, proofs and verdicts: pure decisions, tried with numbers of all kinds."""

from __future__ import annotations

import random
from math import comb, isclose

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from release.binomial import at_least, at_most
from release.errors import SettingsError
from release.proof import QUIET_SECONDS, Tally, Window, quiet_probes, served, window_for
from release.ramp import remaining, same_traffic, start_of, steps_of, weights_at
from release.verdict import GOOD, Counts, Finding, Limits, errors_verdict, probes_verdict, traffic_verdict

LIMITS = Limits(error_rate=0.01, latency_ratio=3)
STEPS = (1, 5, 25, 50, 100)


@given(n=st.integers(0, 60), k=st.integers(-1, 61), p=st.floats(0, 1))
def test_tails_are_the_sums_that_they_stand_for(n: int, k: int, p: float) -> None:
    def exactly(count: int) -> float:
        return comb(n, count) * p**count * (1 - p) ** (n - count)

    assert isclose(at_least(k, n, p), sum(exactly(c) for c in range(max(k, 0), n + 1)), abs_tol=1e-9)
    assert isclose(at_most(k, n, p), sum(exactly(c) for c in range(0, min(k, n) + 1)), abs_tol=1e-9)


def test_tails_of_large_counts_neither_overflow_nor_take_long() -> None:
    assert 0.4 < at_least(50_000, 1_000_000, 0.05) < 0.6
    assert at_least(60_000, 1_000_000, 0.05) < 1e-12


@pytest.mark.parametrize(
    "steps", [[], [0, 100], [5, 1, 100], [50], [1.5, 100], [50, 50, 100], [50, 51, 100], [101]]
)
def test_steps_that_make_no_ramp_are_refused_by_name(steps: list[float]) -> None:
    with pytest.raises(SettingsError, match="steps of a shift"):
        steps_of(steps)


@pytest.mark.parametrize("steps", [STEPS, (100,), (10, 100), (2, 10, 50, 100)])
def test_usual_steps_are_taken_as_they_are(steps: tuple[int, ...]) -> None:
    assert steps_of([float(step) for step in steps]) == steps


@given(share=st.integers(0, 100))
def test_what_remains_rises_from_what_is_served_and_ends_at_100(share: int) -> None:
    left = remaining(STEPS, share)
    assert list(left) == sorted(set(left))
    assert left[-1] == 100
    assert left[0] == (share or 1)


@given(share=st.integers(0, 100))
def test_weights_and_the_start_read_from_them_agree(share: int) -> None:
    weights = weights_at(share, "old", "new")
    assert sum(weights.values()) == 100
    assert min(weights.values()) > 0
    start = start_of(weights, "new", "old")
    assert start.share == share
    assert start.former == "old", "also where a killed shift had come to its last step"


def test_a_start_knows_former_third_and_mended_traffic() -> None:
    assert start_of({}, "new", None).former is None
    assert start_of({"old": 75, "third": 25}, "new", "old").settled is False
    assert start_of({"a": 10, "b": 90}, "new", None).former == "b"
    assert start_of({"new": 60, "old": 40}, "new", "new").former == "new"
    assert start_of({"old": 100}, "new", "new").former == "new"


def test_the_same_traffic_may_be_written_in_several_ways() -> None:
    assert same_traffic({"a": 1, "b": 0}, {"a": 100})
    assert same_traffic({"a": 1, "b": 1}, {"a": 50, "b": 50})
    assert not same_traffic({"a": 99, "b": 1}, {"a": 100})
    assert not same_traffic({}, {"a": 100})


def _seconds_to_proof(
    share: int, before: int, served_share: int, seed: int, probes: int = 3000
) -> int | None:
    """How many probes until the proof, when the data plane really serves `served_share`; None if never."""
    chance, window = random.Random(seed), Window(window_for(share, before))
    for number in range(probes):
        window.add(number / 100, chance.random() * 100 < served_share)
        if number % 10 == 9 and served(window.tally(), share, before):
            return number + 1
    return None


@pytest.mark.parametrize(
    ("share", "before"), [(1, 0), (5, 1), (25, 5), (50, 25), (100, 50), (0, 25), (25, 25)]
)
def test_a_share_that_is_served_is_proven_soon(share: int, before: int) -> None:
    needed = [_seconds_to_proof(share, before, share, seed) for seed in range(60)]
    assert None not in needed
    assert sorted(n for n in needed if n)[54] <= 700, "nine in ten within 7 s at 100 probes a second"


@pytest.mark.parametrize(
    ("share", "before"), [(1, 0), (5, 1), (25, 5), (50, 25), (100, 50), (100, 99), (0, 25)]
)
def test_a_share_that_is_not_served_yet_is_hardly_ever_proven(share: int, before: int) -> None:
    wrong = sum(_seconds_to_proof(share, before, before, seed, probes=500) is not None for seed in range(200))
    assert wrong <= 2, "at most 1 % within 5 s of lag"


@given(total=st.integers(1, 5000), seconds=st.floats(QUIET_SECONDS, 100), before=st.integers(1, 99))
def test_an_end_is_never_proven_with_one_answer_of_the_leaving_release(
    total: int, seconds: float, before: int
) -> None:
    assert not served(Tally(total - 1, total, seconds), 100, before)
    assert not served(Tally(1, total, seconds), 0, before)
    assert served(Tally(total, total, seconds), 100, before) == (total >= quiet_probes(100, before))


def test_many_answers_within_an_instant_prove_no_end() -> None:
    assert not served(Tally(5000, 5000, 0.5), 100, 50)


@given(requests=st.integers(1, 10_000), old=st.integers(0, 100_000))
def test_one_odd_error_never_stops_a_release(requests: int, old: int) -> None:
    assert errors_verdict(Counts(requests, 1), Counts(old, 0), LIMITS) is GOOD


@given(errors=st.integers(0, 500), more=st.integers(0, 500))
def test_more_errors_never_turn_bad_into_good(errors: int, more: int) -> None:
    fewer = errors_verdict(Counts(1000, errors), Counts(20_000, 10), LIMITS)
    worse = errors_verdict(Counts(1000, errors + more), Counts(20_000, 10), LIMITS)
    assert fewer is GOOD or worse is not GOOD


def test_a_release_that_fails_5_percent_is_found_by_the_end_of_the_5_percent_step() -> None:
    caught = 0
    for seed in range(300):
        chance = random.Random(seed)
        failed = sum(chance.random() < 0.05 for _ in range(300))
        caught += errors_verdict(Counts(300, failed), Counts(9_000, 0), LIMITS).finding is Finding.BAD
    assert caught >= 0.9 * 300


def test_a_release_as_bad_as_the_one_before_it_is_not_held_to_account() -> None:
    assert errors_verdict(Counts(300, 60), Counts(9_000, 1_800), LIMITS) is GOOD


def test_no_answer_in_the_metrics_is_not_measured_which_is_neither_good_nor_bad() -> None:
    assert traffic_verdict(Counts(), Counts(1000, 0, 3.0), LIMITS).finding is Finding.NOT_MEASURED


@given(new=st.floats(0, 0.05), old=st.floats(0, 0.05))
def test_differences_below_the_floor_are_no_difference(new: float, old: float) -> None:
    assume(new <= old + 0.05)
    assert probes_verdict([new] * 50, [old] * 50, LIMITS) is GOOD


@settings(max_examples=50)
@given(seed=st.integers(0, 10**6))
def test_a_few_slow_requests_in_a_small_step_do_not_stop_a_release(seed: int) -> None:
    chance = random.Random(seed)

    def counts(requests: int) -> Counts:
        return Counts(requests, 0, sum(3.0 if chance.random() < 0.01 else 0.003 for _ in range(requests)))

    assert traffic_verdict(counts(50), counts(5_000), LIMITS) is GOOD
    assert traffic_verdict(counts(1_250), counts(3_750), LIMITS) is GOOD


def test_a_release_that_is_slow_for_everybody_is_bad_with_both_times_said() -> None:
    verdict = traffic_verdict(Counts(500, 0, 500 * 0.4), Counts(9_000, 0, 9_000 * 0.05), LIMITS)
    assert verdict.finding is Finding.BAD
    assert "400 ms" in verdict.seen
    assert "50 ms" in verdict.expected
