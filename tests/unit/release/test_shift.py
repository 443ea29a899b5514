"""A shift ends with all traffic on one release, whatever happens to it and whenever."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from release.errors import (
    BalancerBusy,
    CannotMeasure,
    LeaseError,
    LeaseHeld,
    LeaseLost,
    ShiftCancelled,
    ShiftError,
    ShiftRefused,
    Shrunk,
    UneventfulError,
)
from release.provider.lease import FRESH_SECONDS
from release.provider.shift import Recorded, Shifted
from tests.unit.release.virtual_time import run
from tests.unit.release.world import NEW, OLD, THIRD, World, behaving


async def ending(world: World, cancel_at: float | None = None, **changes: Any) -> Shifted | UneventfulError:
    """How a shift ends, cancelled at that moment if one is given; then the data plane catches up."""
    task = asyncio.ensure_future(world.shift(**changes).run())
    if cancel_at is not None:
        asyncio.get_running_loop().call_later(cancel_at, task.cancel, "told to stop by a test")
    await asyncio.wait([task])
    await asyncio.sleep(world.lag + 1)
    try:
        return task.result()
    except UneventfulError as error:
        return error


def failure(world: World, **changes: Any) -> UneventfulError:
    end = run(ending(world, **changes))
    assert isinstance(end, UneventfulError), f"the shift succeeded: {end}"
    return end


def shares(world: World) -> list[int]:
    """The percent of the new release at each write."""
    return [(weights or {}).get(NEW, 0) for _, weights in world.writes]


def test_a_good_release_goes_through_every_step_and_ends_alone() -> None:
    world = World()
    end = run(ending(world))
    assert isinstance(end, Shifted), end
    assert shares(world) == [1, 5, 25, 50, 100]
    assert world.weights == {NEW: 100}
    assert len(end.observed.splitlines()) == 5
    assert end.live_at.startswith("2026-01-01T00:0")


def test_each_step_is_observed_for_its_time_after_it_was_proven() -> None:
    world = World(lag=2)
    run(ending(world))
    written = [at for at, _ in world.writes]
    assert all(later - earlier >= 2 + 5 for earlier, later in pairwise(written))


@pytest.mark.parametrize("seed", range(8))
def test_a_release_that_fails_5_percent_is_put_back_at_the_1_or_5_percent_step(seed: int) -> None:
    world = behaving(World(seed=seed), NEW, errors=0.05)
    error = failure(world)
    assert isinstance(error, ShiftRefused)
    assert max(shares(world)) <= 5
    assert world.weights == {OLD: 100}
    assert "proven by" in error.state
    assert "100 % on v1 (ab12cd34)" in error.state


@pytest.mark.parametrize("seed", range(8))
def test_odd_errors_that_both_releases_have_do_not_stop_a_good_release(seed: int) -> None:
    world = behaving(behaving(World(seed=seed), NEW, errors=0.002), OLD, errors=0.002)
    assert isinstance(run(ending(world)), Shifted)


def test_a_slow_release_is_put_back() -> None:
    world = behaving(World(), NEW, seconds=0.2)
    error = failure(world)
    assert isinstance(error, ShiftRefused)
    assert "ms" in error.seen
    assert world.weights == {OLD: 100}


def test_a_slow_release_is_found_by_probes_where_there_is_little_traffic() -> None:
    world = behaving(World(rate=5), NEW, seconds=0.2)
    error = failure(world, steps=(50, 100))
    assert isinstance(error, ShiftRefused)
    assert "median of" in error.seen
    assert world.weights == {OLD: 100}


def test_probes_that_fail_put_the_weights_back() -> None:
    world = behaving(World(), NEW, probe_errors=1.0)
    error = failure(world)
    assert isinstance(error, ShiftError)
    assert world.weights == {OLD: 100}


def test_metrics_that_fail_put_the_weights_back_as_cannot_measure() -> None:
    world = World(metrics_fail_from=12)
    error = failure(world)
    assert isinstance(error, CannotMeasure)
    assert max(shares(world)) > 0, "the failure should come while the release has traffic"
    assert world.weights == {OLD: 100}


def test_metrics_that_never_show_the_new_release_are_no_pass() -> None:
    world = World(metrics_silent=True)
    error = failure(world)
    assert isinstance(error, CannotMeasure)
    assert max(shares(world)) == 1


def test_an_alarm_that_rings_puts_the_weights_back() -> None:
    world = World()
    world.on_write = lambda weights: world.alarms.update(cpu="ALARM")
    error = failure(world, alarms=("cpu",))
    assert isinstance(error, ShiftRefused)
    assert "cpu" in error.seen
    assert world.weights == {OLD: 100}


def test_an_alarm_that_rings_already_lets_nothing_begin() -> None:
    world = World(alarms={"cpu": "ALARM"})
    assert isinstance(failure(world, alarms=("cpu",)), CannotMeasure)
    assert world.writes == []


def test_no_alarm_that_rings_already_is_in_the_way_back() -> None:
    world = World(alarms={"cpu": "ALARM"})
    assert isinstance(run(ending(world, alarms=("cpu",), back=True)), Shifted)
    assert world.weights == {NEW: 100}


def test_an_alarm_that_rang_and_was_quiet_again_stops_the_way_back_like_any_other() -> None:
    world = World(alarms={"cpu": "ALARM"})
    turns = iter(["OK", "OK", "OK", "ALARM", "ALARM"])
    world.on_write = lambda weights: world.alarms.update(cpu=next(turns, "ALARM"))
    assert isinstance(failure(world, alarms=("cpu",), back=True), ShiftRefused)
    assert world.weights == {OLD: 100}


def test_an_alarm_that_rings_for_a_release_that_only_fails_does_not_keep_its_successor_out() -> None:
    world = behaving(World(alarms={"cpu": "ALARM"}), OLD, probe_errors=1.0)
    assert isinstance(run(ending(world, alarms=("cpu",))), Shifted)


def test_a_release_without_a_healthy_target_gets_nothing() -> None:
    world = behaving(World(), NEW, healthy=0)
    error = failure(world)
    assert "0 of 2 healthy" in error.seen
    assert world.writes == []


def test_a_data_plane_that_does_not_follow_is_not_believed() -> None:
    world = World(lag=1e6)
    error = failure(world)
    assert isinstance(error, CannotMeasure)
    assert shares(world) == [1, 0]


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), lag=st.floats(0, 6), throttle=st.floats(0, 0.15))
@example(seed=3, lag=5.0, throttle=0.1)
def test_a_good_release_survives_a_lagging_data_plane_and_a_throttled_api(
    seed: int, lag: float, throttle: float
) -> None:
    world = World(seed=seed, lag=lag, throttle=throttle)
    end = run(ending(world))
    assert isinstance(end, Shifted), end
    assert world.weights == {NEW: 100}


@settings(max_examples=150)
@given(
    seed=st.integers(0, 10**6),
    cancel_at=st.floats(0, 50),
    lag=st.sampled_from([0.05, 0.05, 3.0]),
    throttle=st.sampled_from([0.0, 0.1, 0.4]),
    errors=st.sampled_from([0.0, 0.05]),
)
def test_a_cancel_at_any_moment_leaves_all_traffic_on_one_release(
    seed: int, cancel_at: float, lag: float, throttle: float, errors: float
) -> None:
    world = behaving(World(seed=seed, lag=lag, throttle=throttle), NEW, errors=errors)

    async def story() -> Shifted | UneventfulError | None:
        try:
            return await ending(world, cancel_at)
        except asyncio.CancelledError:
            return None

    end = run(story())
    if isinstance(end, Shifted):
        assert world.weights == {NEW: 100}
    else:
        assert world.weights == {OLD: 100}
        assert end is None or not isinstance(end, ShiftCancelled) or end.state
    assert not throttle or not isinstance(end, Shifted) or world.writes[-1][1] == {NEW: 100}


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), cancel_at=st.floats(5, 40))
def test_the_weights_are_back_within_a_second_of_a_cancel(seed: int, cancel_at: float) -> None:
    world = World(seed=seed, throttle=0.1)
    run(ending(world, cancel_at))
    late = [weights for at, weights in world.writes if at > cancel_at + 1]
    assert all(weights == world.weights for weights in late)


def test_a_cancel_during_the_restoration_does_not_stop_it() -> None:
    world = behaving(World(), NEW, errors=0.05)

    async def story() -> None:
        task = asyncio.ensure_future(world.shift().run())
        world.on_write = lambda weights: (
            [task.cancel() for _ in range(1) if weights == {OLD: 100}] and None  # type: ignore[func-returns-value]
        )
        with pytest.raises(ShiftRefused, match="proven by"):
            await task

    run(story())
    assert world.weights == {OLD: 100}


def test_an_api_that_is_down_for_a_minute_delays_the_restoration_and_does_not_prevent_it() -> None:
    world = World(metrics_fail_from=12, api_down=(11.5, 75))
    error = failure(world)
    assert not isinstance(error, LeaseError)
    assert world.weights == {OLD: 100}
    assert world.writes[-1][0] < 77


def test_throttling_that_lasts_puts_the_weights_back_when_it_ends() -> None:
    world = World(api_down=(15, 60))
    error = failure(world)
    assert isinstance(error, BalancerBusy)
    assert world.weights == {OLD: 100}
    assert "proven by" in error.state


def test_a_lease_that_cannot_be_kept_puts_the_weights_back_while_that_is_still_allowed() -> None:
    world = World(store_down=(15, 1e6))
    error = failure(world)
    assert isinstance(error, LeaseError)
    assert world.weights == {OLD: 100}
    assert world.writes[-1][0] < 15 + FRESH_SECONDS


def test_weights_changed_by_hand_during_a_shift_end_it() -> None:
    world = World()

    async def story() -> UneventfulError | Shifted:
        asyncio.get_running_loop().call_later(12, world.apply, {OLD: 1, NEW: 99})
        return await ending(world)

    error = run(story())
    assert isinstance(error, ShiftError)
    assert "somebody else" in error.what
    assert world.weights == {OLD: 100}


def test_a_shift_resumes_what_a_killed_one_left() -> None:
    world = World(weights={OLD: 75, NEW: 25})
    assert isinstance(run(ending(world)), Shifted)
    assert shares(world) == [50, 100]


def test_a_resumed_shift_that_fails_goes_all_the_way_back() -> None:
    world = behaving(World(weights={OLD: 75, NEW: 25}), NEW, errors=0.3)
    failure(world)
    assert world.weights == {OLD: 100}


def test_a_third_release_left_by_a_killed_shift_gives_its_traffic_back_first() -> None:
    world = World(weights={OLD: 75, THIRD: 25})
    assert isinstance(run(ending(world)), Shifted)
    assert world.writes[0][1] == {OLD: 100}
    assert world.weights == {NEW: 100}


def test_what_is_live_already_is_not_written() -> None:
    world = World(weights={NEW: 100})
    end = run(ending(world, recorded=Recorded(NEW, "v2 (c0ffee12)", "2025-05-05T05:05:05Z", "a table")))
    assert isinstance(end, Shifted)
    assert (end.live_at, end.observed) == ("2025-05-05T05:05:05Z", "a table")
    assert world.writes == []


def test_weights_that_somebody_moved_are_mended_at_once() -> None:
    world = World(weights={NEW: 60, OLD: 40})
    end = run(ending(world, recorded=Recorded(NEW, "v2 (c0ffee12)", "2025-05-05T05:05:05Z")))
    assert isinstance(end, Shifted)
    assert shares(world) == [100]
    assert end.live_at == "2025-05-05T05:05:05Z"


def test_the_first_release_gets_everything_in_one_step() -> None:
    world = World(weights=None)
    end = run(ending(world, recorded=Recorded()))
    assert isinstance(end, Shifted), end
    assert shares(world) == [100]


def test_a_first_release_that_fails_leaves_no_rule() -> None:
    world = behaving(World(weights=None), NEW, errors=0.5)
    error = failure(world, recorded=Recorded())
    assert isinstance(error, ShiftRefused)
    assert world.weights is None
    assert "no release serves" in error.state


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), cancel_at=st.floats(0, 12), throttle=st.sampled_from([0.0, 0.3]))
def test_a_first_release_that_is_cancelled_leaves_no_rule(
    seed: int, cancel_at: float, throttle: float
) -> None:
    world = World(seed=seed, weights=None, throttle=throttle)

    async def story() -> object:
        try:
            return await ending(world, cancel_at, recorded=Recorded())
        except asyncio.CancelledError:
            return None

    end = run(story())
    assert world.weights == ({NEW: 100} if isinstance(end, Shifted) else None)


def test_a_release_is_let_in_at_once_where_the_live_one_answers_only_errors() -> None:
    world = behaving(World(), OLD, probe_errors=1.0, errors=1.0)
    assert isinstance(run(ending(world)), Shifted)
    assert shares(world) == [100]


def test_a_second_shift_is_refused_while_the_first_lives_and_learns_its_name() -> None:
    world = World()

    async def story() -> LeaseHeld:
        first = asyncio.ensure_future(world.shift("anna on laptop (11)", observe=20).run())
        await asyncio.sleep(3)
        with pytest.raises(LeaseHeld) as held:
            await world.shift("ben on desk (12)").run()
        first.cancel()
        with pytest.raises(ShiftCancelled):
            await first
        return held.value

    assert "anna on laptop (11)" in run(story()).seen


def test_a_shift_that_was_frozen_while_another_took_over_never_writes_again() -> None:
    world = World()

    async def story() -> tuple[object, object]:
        frozen = asyncio.ensure_future(world.shift("anna on laptop (11)").run())
        await asyncio.sleep(12)
        world._put(2, {"holder": "ben on desk (12)", "beats": 1, "released": False})
        taken = len(world.writes)
        await asyncio.wait([frozen])
        return frozen.exception(), world.writes[taken:]

    error, later = run(story())
    assert isinstance(error, LeaseLost)
    assert "ben on desk (12)" in error.seen
    assert "stopped writing" in error.state
    assert later == []


def test_the_next_one_takes_over_six_seconds_after_a_holder_died_and_finishes() -> None:
    world = World()
    world._put(7, {"holder": "anna on laptop (11)", "beats": 9, "released": False})
    assert isinstance(run(ending(world)), Shifted)
    assert 5.5 <= world.writes[0][0] <= 7, "half a second of it are the first probes"
    assert sorted(world.lease) == [8]
    assert world.lease[8]["released"]


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), starts=st.lists(st.floats(0, 3), min_size=2, max_size=4))
def test_of_several_shifts_at_once_one_at_a_time_writes(seed: int, starts: list[float]) -> None:
    world = World(seed=seed, throttle=0.1)
    writers: list[int] = []
    world.on_write = lambda weights: writers.append(max(world.lease))

    async def one(delay: float, number: int) -> object:
        await asyncio.sleep(delay)
        try:
            return await world.shift(f"person {number}").run()
        except UneventfulError as error:
            return error

    async def story() -> list[object]:
        return await asyncio.gather(*(one(delay, n) for n, delay in enumerate(starts)))

    ends = run(story())
    assert writers == sorted(writers)
    assert any(isinstance(end, Shifted) for end in ends)
    assert world.weights == {NEW: 100}


def test_what_would_shrink_the_release_is_gone_before_it_has_any_traffic() -> None:
    world = World()
    end = run(ending(world, groups=("web", "worker"), back=True))
    assert isinstance(end, Shifted), end
    ((at, groups),) = world.kept
    assert groups == ("web", "worker")
    assert at <= world.writes[0][0]


def test_a_release_that_has_shrunk_gets_no_traffic_and_the_way_to_it_is_named() -> None:
    world = World(shrunk=True)
    error = failure(world, groups=("web",), back=True)
    assert isinstance(error, Shrunk)
    assert (world.writes, world.weights) == ([], {OLD: 100})
    assert (
        error.next
        == f"release rollback --to {world.shift()._inputs.release} --stack dev, which boots it again"
    )
