"""A handover ends with traffic, workers and schedules of one release, whatever happens to it and whenever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from release.backlog import Depth, Watched
from release.errors import (
    CannotMeasure,
    LeaseLost,
    RollbackUnrecorded,
    ShiftCancelled,
    ShiftError,
    ShiftRefused,
    UneventfulError,
)
from release.provider.followers import Recorded
from release.provider.inputs import HandoverInputs, QueueInputs
from release.provider.ports import HandoverPorts
from release.provider.put_back import put_back
from release.provider.shift import Recorded as Shifted
from release.provider.succession import HandedOver, Succession
from release.provider.unsettled import Unsettled
from release.scheduler import Applied, Entry
from release.turns import Team
from tests.unit.release.floor import Floor, Worker
from tests.unit.release.virtual_time import run
from tests.unit.release.world import IDS, LISTENER, NEW, OLD, THIRD, World, behaving

FORMER = Team("ab12cd34", "worker", "worker-ab12cd34", "/logs/worker")
OURS = Team("c0ffee12", "worker", "worker-c0ffee12", "/logs/worker")
JOBS = {"name": "jobs", "url": "https://sqs/jobs", "dead": "https://sqs/jobs-dead"}


def entry(message: str, name: str = "nightly") -> Entry:
    return Entry(name, "rate(5 minutes)", "UTC", "arn:queue", "arn:role", message)


@dataclass
class Stage:
    """The world after a shift: all traffic on the new release, workers and schedules still the former one's."""

    world: World = field(default_factory=lambda: World(weights={NEW: 100}))
    floor: Floor = field(default_factory=Floor)
    held: tuple[Entry, ...] = (entry("former"),)
    depths: list[Depth] = field(default_factory=lambda: [Depth()])
    schedules_fail: bool = False

    def __post_init__(self) -> None:
        self.floor.least = {FORMER.group: 1, OURS.group: 1}
        self.floor.workers = {
            "i-old": Worker(FORMER, does="working", said=[(-60.0, "turn: working")]),
            "i-new": Worker(OURS, does="resting", said=[(-9.0, "turn: ready")]),
        }

    # schedules

    async def read(self) -> tuple[Entry, ...]:
        await asyncio.sleep(0.01)
        return self.held

    async def apply(self, entries: Iterable[Entry]) -> Applied:
        await asyncio.sleep(0.05)
        if self.schedules_fail:
            raise CannotMeasure("the scheduler is not there", seen="no answer")
        before, self.held = self.held, tuple(entries)
        return Applied(changed=tuple(e.name for e in self.held if e not in before))

    # queues

    async def depth(self, queue: Watched) -> Depth:
        await asyncio.sleep(0.01)
        return self.depths.pop(0) if len(self.depths) > 1 else self.depths[0]

    def inputs(self, **changes: Any) -> HandoverInputs:
        return HandoverInputs(
            release="c0ffee12",
            version="v2",
            target_group_arn=NEW,
            url="http://shop.test/healthz",
            listener_arn=LISTENER,
            priority=40000,
            proof=30,
            max_error_rate=0.01,
            max_latency_ratio=3,
            lease_bucket="bundles",
            former_release="ab12cd34",
            former_version="v1",
            former_target_group_arn=OLD,
            workers={"worker": OURS.group},
            resting={"ab12cd34": {"worker": FORMER.group}},
            log_groups={"worker": "/logs/worker"},
            schedules=(entry("ours").dump(),),
            schedule_group="dev",
            deadline=60,
            drain=30,
            bake=30,
        ).model_copy(update=changes)

    def succession(self, unsettled: Unsettled | None = None, **changes: Any) -> Succession:
        recorded = changes.pop("recorded", Recorded("ab12cd34", (entry("former").dump(),)))
        ports = HandoverPorts(self.world.ports(), self.floor, self, self)
        return Succession(self.inputs(**changes), recorded, ports, unsettled or Unsettled())

    def owner(self) -> tuple[set[str], set[str], str]:
        """Who has the traffic, the workers and the schedules."""
        traffic = {IDS[group] for group, weight in (self.world.weights or {}).items() if weight}
        return traffic, self.floor.working(), self.held[0].input if self.held else ""


FORMERS = ({"ab12cd34"}, {"ab12cd34"}, "former")
NEWS = ({"c0ffee12"}, {"c0ffee12"}, "ours")


async def ending(
    stage: Stage, cancel_at: float | None = None, **changes: Any
) -> HandedOver | UneventfulError | None:
    """How a handover ends, cancelled at that moment if one is given; then everybody does what they were told."""
    task = asyncio.ensure_future(stage.succession(**changes).run())
    if cancel_at is not None:
        asyncio.get_running_loop().call_later(cancel_at, task.cancel, "told to stop by a test")
    await asyncio.wait([task])
    await asyncio.sleep(60)
    try:
        return task.result()
    except UneventfulError as error:
        return error
    except asyncio.CancelledError:
        return None


def failure(stage: Stage, **changes: Any) -> UneventfulError:
    end = run(ending(stage, **changes))
    assert isinstance(end, UneventfulError), f"the handover succeeded: {end}"
    return end


def test_workers_and_schedules_pass_to_the_release_that_has_the_traffic_and_it_is_baked() -> None:
    stage = Stage()
    end = run(ending(stage))
    assert isinstance(end, HandedOver), end
    assert stage.owner() == NEWS
    assert end.baked_until == end.handed_at > "2026-01-01T00:00:30Z"
    assert "1 working, 1 resting" in end.observed
    assert "baked 30 s: errors 0 of" in end.observed
    assert any(line.startswith("baking 12 s of 30 s, errors 0 of") for line in stage.world.said)
    assert stage.world.writes == []
    assert stage.floor.settled


def test_a_worker_that_crashes_sends_everything_back_and_its_last_words_are_quoted() -> None:
    stage = Stage()
    stage.floor.workers["i-new"].crashes = True
    error = failure(stage)
    assert isinstance(error, ShiftRefused)
    assert "turn: failed: worker ended 3 times" in error.seen
    assert "| KeyError: 'QUEUE'" in error.seen
    assert "100 % on v1 (ab12cd34), proven by" in error.state
    assert "workers of v1 (ab12cd34): 1 working" in error.state
    assert stage.owner() == FORMERS


def test_workers_that_take_no_jobs_though_some_wait_send_everything_back() -> None:
    stage = Stage(depths=[Depth(20), Depth(20), Depth(21)])
    error = failure(stage, queues=(_queue(),))
    assert "take no jobs" in error.what
    assert "jobs: 21 waiting, 0 being worked on" in error.seen
    assert "| KeyError" in error.seen, "what a worker said last may tell why"
    assert stage.owner() == FORMERS


def test_a_backlog_that_is_worked_on_is_enough_and_so_is_none() -> None:
    for depths in (
        [Depth(20), Depth(20), Depth(20, in_flight=3)],
        [Depth(20), Depth(20), Depth(18)],
        [Depth()],
    ):
        assert isinstance(run(ending(Stage(depths=list(depths)), queues=(_queue(),))), HandedOver)


def test_dead_letters_that_grow_while_it_bakes_send_everything_back() -> None:
    stage = Stage(depths=[Depth(5, dead=2)] + [Depth(4, 1, 2)] * 9 + [Depth(3, 1, 4)])
    error = failure(stage, queues=(_queue(),))
    assert "cannot handle" in error.what
    assert error.expected.endswith("(2)")
    assert error.seen.startswith("4")
    assert stage.owner() == FORMERS


def test_a_release_that_turns_bad_while_it_bakes_goes_back_by_itself() -> None:
    stage = Stage()

    async def story() -> Any:
        asyncio.get_running_loop().call_later(15, lambda: behaving(stage.world, NEW, errors=0.2))
        return await ending(stage)

    error = run(story())
    assert isinstance(error, ShiftRefused)
    assert "failed" in error.seen
    assert stage.owner() == FORMERS


def test_errors_that_the_former_release_had_as_well_fail_no_bake() -> None:
    world = World(weights={OLD: 100})
    for group in (OLD, NEW):
        behaving(world, group, errors=0.03)

    async def story() -> Any:
        await asyncio.sleep(60)
        world.apply({NEW: 100})
        return await ending(Stage(world=world))

    assert isinstance(run(story()), HandedOver)


def test_an_alarm_that_rings_while_it_bakes_sends_everything_back() -> None:
    stage = Stage()

    async def story() -> Any:
        asyncio.get_running_loop().call_later(15, lambda: stage.world.alarms.update(cpu="ALARM"))
        return await ending(stage, alarms=("cpu",))

    assert isinstance(run(story()), ShiftRefused)
    assert stage.owner() == FORMERS


def test_schedules_that_cannot_be_set_send_everything_else_back_and_the_error_says_so() -> None:
    stage = Stage(schedules_fail=True)
    error = failure(stage)
    assert "the scheduler is not there: no answer" in error.state
    assert stage.owner() == FORMERS


def test_the_weights_go_back_before_anybody_else_is_told() -> None:
    stage = Stage()
    stage.floor.workers["i-new"].crashes = True
    told: list[tuple[float, tuple[str, ...]]] = []
    stage.floor.on_tell = lambda instances, turn: told.append((stage.world.clock(), tuple(instances)))
    failure(stage)
    (written, _), *_ = stage.world.writes
    assert [at for at, who in told if at < written][-1] < written - 2
    assert len([at for at, who in told if written < at < written + 1]) == 2


@settings(max_examples=80)
@given(
    seed=st.integers(0, 10**6),
    cancel_at=st.floats(0.02, 45),
    throttle=st.sampled_from([0.0, 0.2]),
    crashes=st.booleans(),
)
@example(seed=1, cancel_at=0.02, throttle=0.0, crashes=False)
def test_a_cancel_at_any_moment_leaves_everything_with_one_release(
    seed: int, cancel_at: float, throttle: float, crashes: bool
) -> None:
    stage = Stage(world=World(seed=seed, weights={NEW: 100}, throttle=throttle))
    stage.floor.workers["i-new"].crashes = crashes
    unsettled = Unsettled()
    unsettled.shifted(lambda reason: put_back(stage.inputs(), stage.world.ports(), reason))

    async def story() -> Any:
        ended = await ending(stage, cancel_at, unsettled=unsettled)
        # Cancelled before it had begun, it leaves the shift to whoever told it to stop.
        if back := unsettled.take():
            ended = await back(ShiftCancelled("told to stop"))
        await asyncio.sleep(5)
        return ended

    end = run(story())
    assert stage.owner() == (NEWS if isinstance(end, HandedOver) else FORMERS), end


def test_a_shift_that_no_handover_followed_is_undone_with_its_proof_and_leaves_no_pin() -> None:
    stage = Stage()
    error = run(put_back(stage.inputs(), stage.world.ports(), ShiftCancelled("the engine is gone")))
    assert "100 % on v1 (ab12cd34), proven by" in error.state
    assert stage.owner() == FORMERS
    assert not any(record["pinned"] for record in stage.world.lease.values())


def test_a_shift_is_not_undone_where_somebody_has_moved_the_traffic_since() -> None:
    stage = Stage(world=World(weights={THIRD: 100}))
    error = run(put_back(stage.inputs(), stage.world.ports(), ShiftCancelled("the engine is gone")))
    assert "somebody else" in error.state
    assert stage.world.writes == []


NOBODY: dict[str, Any] = {"former_release": "", "former_version": "", "former_target_group_arn": ""}


def test_a_first_release_is_handed_everything_and_baked_with_nothing_to_compare_it_to() -> None:
    stage = Stage(held=())
    del stage.floor.workers["i-old"]
    end = run(ending(stage, recorded=Recorded(), resting={}, **NOBODY))
    assert isinstance(end, HandedOver), end
    assert stage.owner() == NEWS


def test_a_first_release_whose_workers_crash_leaves_no_rule() -> None:
    stage = Stage(held=())
    del stage.floor.workers["i-old"]
    stage.floor.workers["i-new"].crashes = True
    error = failure(stage, recorded=Recorded(), resting={}, **NOBODY)
    assert "no release serves" in error.state
    assert stage.world.weights is None
    assert stage.floor.working() == set()
    assert stage.held == ()


def test_a_way_back_is_not_baked_and_where_it_fails_the_traffic_stays_and_is_pinned() -> None:
    stage = Stage()
    end = run(ending(stage, back=True))
    assert isinstance(end, HandedOver)
    assert "bake" not in end.observed
    assert not any(record["pinned"] for record in stage.world.lease.values())

    stage = Stage()
    stage.floor.workers["i-new"].deaf = True
    error = failure(stage, back=True)
    assert isinstance(error, CannotMeasure)
    assert error.state.startswith("traffic stays on v2 (c0ffee12)")
    assert "release rollback --to c0ffee12 --stack dev" in error.next
    assert stage.world.weights == {NEW: 100}
    assert stage.world.lease[1]["pinned"] == "c0ffee12"


def test_what_is_live_already_is_mended_without_a_bake_and_keeps_what_was_recorded() -> None:
    stage = Stage()
    recorded = Recorded("c0ffee12", (), "2025-05-05T05:05:05Z", "2025-05-05T05:15:05Z", "a table")
    live: dict[str, Any] = {"former_release": "c0ffee12", "former_target_group_arn": NEW}
    end = run(ending(stage, recorded=recorded, **live))
    assert end == HandedOver("2025-05-05T05:05:05Z", "2025-05-05T05:15:05Z", "a table")
    assert stage.owner() == NEWS


def test_a_rollback_in_the_middle_finds_everything_given_back_when_it_has_the_lease() -> None:
    stage = Stage()

    async def story() -> UneventfulError | None:
        from release.immediate import Ports, Target, move
        from release.provider.ports import Time

        world = stage.world
        handing = asyncio.create_task(stage.succession().run())
        await asyncio.sleep(10)
        ports = Ports(
            world, world, world, "ben on desk (12)", Time(world.clock, asyncio.sleep, world.now), world.say
        )
        moved = await move(Target("ab12cd34", "v1 (ab12cd34)", OLD, LISTENER), "it is bad", ports)
        assert moved.written - 10 < 3
        with pytest.raises(UneventfulError) as error:
            await handing
        return error.value

    error = run(story())
    assert error is not None
    assert "ben on desk (12) asked for the weights" in error.what
    assert stage.world.weights == {OLD: 100}
    assert stage.floor.tags == {"i-old": "working", "i-new": "resting"}
    assert stage.held[0].input == "former"


def test_a_rollback_between_the_shift_and_its_handover_is_respected() -> None:
    stage = Stage(world=World(weights={THIRD: 100}))
    stage.world._put(1, {"holder": "ben", "released": True, "outcome": "rolled back", "pinned": "33333333"})
    assert isinstance(failure(stage), RollbackUnrecorded)
    assert stage.world.writes == []
    assert stage.floor.tags == {}


def test_a_fenced_handover_touches_nothing_any_more() -> None:
    stage = Stage()

    async def story() -> Any:
        def take_over() -> None:
            stage.world._put(9, {"holder": "ben on desk (12)", "beats": 1, "released": False})

        asyncio.get_running_loop().call_later(10, take_over)
        return await ending(stage)

    assert isinstance(run(story()), LeaseLost)
    assert stage.world.writes == []
    assert stage.owner() == NEWS, "the other writer's matter now"


@pytest.mark.parametrize("third", [False, True])
def test_after_a_failed_handover_the_next_update_ends_well(third: bool) -> None:
    """The shift's own state says the new release then, while the API and the ledger say the former one."""
    stage = Stage()
    stage.floor.workers["i-new"].crashes = True
    failure(stage)
    world = stage.world
    # As the program says it: what is live by the ledger. Without a wanted release, that is what is wanted.
    former = {"former_release": "ab12cd34", "former_version": "v1", "former_target_group_arn": OLD}
    wanted = (
        {"release": "33333333", "target_group_arn": THIRD}
        if third
        else {"release": "ab12cd34", "target_group_arn": OLD}
    )
    written = len(world.writes)
    shifted = run(world.shift(recorded=Shifted(OLD, "v1 (ab12cd34)"), **wanted, **former).run())
    assert world.weights == {wanted["target_group_arn"]: 100}
    assert shifted.moved == third
    assert third or len(world.writes) == written
    assert not any(record["pinned"] for record in world.lease.values())


def test_the_same_release_again_goes_by_all_its_steps_again() -> None:
    stage = Stage()
    stage.floor.workers["i-new"].crashes = True
    failure(stage)
    written = len(stage.world.writes)
    former = {"former_release": "ab12cd34", "former_version": "v1", "former_target_group_arn": OLD}
    run(stage.world.shift(recorded=Shifted(OLD, "v1 (ab12cd34)"), **former).run())
    assert [w and w.get(NEW) for _, w in stage.world.writes[written:]] == [1, 5, 25, 50, 100]


def test_weights_that_somebody_changed_before_the_handover_are_put_back() -> None:
    stage = Stage(world=World(weights={NEW: 60, OLD: 40}))
    error = failure(stage)
    assert isinstance(error, ShiftError)
    assert "somebody else" in error.what
    assert stage.owner() == FORMERS


def _queue() -> QueueInputs:
    return QueueInputs(**JOBS)


def test_inputs_of_queues_and_schedules_are_read_as_the_engine_sends_them() -> None:
    sent: Mapping[str, Any] = {"queues": [JOBS], "schedules": [entry("x").dump()]}
    stage = Stage()
    whole = {**stage.inputs().model_dump(by_alias=True), **sent}
    assert HandoverInputs.model_validate(whole).queues[0].dead == JOBS["dead"]
