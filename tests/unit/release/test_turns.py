"""Whose turn it is: everybody does as told, or one learns who does not, and why."""

from __future__ import annotations

import asyncio
import base64
import gzip
from typing import Any

import pytest

from release.errors import CannotMeasure, ShiftRefused
from release.provider.ports import Time
from release.turn_taking import Turns
from release.turns import Report, Team, doing, obeys
from tests.unit.release.floor import Floor, Worker
from tests.unit.release.virtual_time import run

OLD = Team("ab12cd34", "worker", "worker-ab12cd34", "/logs/worker")
NEW = Team("c0ffee12", "worker", "worker-c0ffee12", "/logs/worker")


def floor(**new: Any) -> Floor:
    """Two workers of the former release that work, two of the new one that have booted."""
    made = Floor(least={OLD.group: 2, NEW.group: 2})
    for number in range(2):
        made.workers[f"i-old{number}"] = Worker(OLD, does="working", said=[(-60.0, "turn: working")])
        made.workers[f"i-new{number}"] = Worker(NEW, does="resting", said=[(-9.0, "turn: ready")], **new)
    return made


async def quiet(line: str) -> None:
    pass


def turns(made: Floor) -> Turns:
    return Turns((OLD, NEW), made, Time(made.clock, asyncio.sleep, made.now), quiet)


async def give(made: Floor, *working: str, limit: float = 60) -> str:
    taking = turns(made)
    await taking.tell(working)
    return str(await taking.taken(working, limit))


def test_the_new_workers_work_and_the_former_rest_and_the_list_says_so() -> None:
    made = floor()
    assert run(give(made, "c0ffee12")) == "2 working, 2 resting"
    assert made.working() == {"c0ffee12"}
    assert (made.list, made.settled) == (("c0ffee12",), True)


def test_who_was_told_to_rest_is_waited_for_until_its_job_is_done() -> None:
    made = floor()
    made.workers["i-old1"].stops = 25

    async def story() -> float:
        await give(made, "c0ffee12")
        return made.clock()

    assert run(story()) >= 25


def test_a_turn_that_is_given_again_waits_for_nobody() -> None:
    made = floor()

    async def story() -> float:
        await give(made, "c0ffee12")
        begun = made.clock()
        await give(made, "c0ffee12")
        return made.clock() - begun

    assert run(story()) < 0.5


def test_a_worker_that_keeps_ending_is_named_with_its_last_words() -> None:
    made = floor()
    made.workers["i-new1"].crashes = True

    async def story() -> None:
        taking = turns(made)
        await taking.tell(["c0ffee12"])
        await taking.taken(["c0ffee12"], 60)
        await asyncio.sleep(4)
        with pytest.raises(ShiftRefused) as error:
            await taking.must_hold(["c0ffee12"])
        assert "worker on i-new1: turn: failed: worker ended 3 times" in error.value.seen
        assert "| KeyError: 'QUEUE'" in error.value.seen

    run(story())


def test_a_failure_of_long_ago_is_not_held_against_who_works_again() -> None:
    made = floor()
    made.workers["i-new0"].said = [
        (-50.0, "turn: failed: worker ended 3 times in 3 s"),
        (-9.0, "turn: ready"),
    ]
    assert run(give(made, "c0ffee12")) == "2 working, 2 resting"


def test_an_instance_that_could_not_boot_is_named_by_its_boots_words() -> None:
    made = floor()
    made.workers["i-new0"].said = [(-50.0, "boot failed: the bundle is not the one that the digest names")]
    with pytest.raises(ShiftRefused) as error:
        run(give(made, "c0ffee12"))
    assert "boot failed: the bundle" in error.value.seen
    assert "| boot: no bundle" in error.value.seen


def test_an_instance_that_cannot_boot_is_in_nobodys_way_when_it_is_to_rest() -> None:
    made = floor()
    made.workers["i-new0"].said = [(-50.0, "boot failed: no bundle")]
    made.workers["i-new1"].said = []
    assert run(give(made, "ab12cd34")) == "2 working, 2 resting"


def test_one_that_does_not_hear_is_waited_for_no_longer_than_the_limit() -> None:
    made = floor()
    made.workers["i-old0"].deaf = True
    with pytest.raises(CannotMeasure, match="worker on i-old0 \\(resting\\)"):
        run(give(made, "c0ffee12", limit=30))
    assert not made.settled, "the list must not say that it is done"


def test_an_instance_that_is_killed_meanwhile_is_waited_for_until_its_successor_works() -> None:
    made = floor()

    async def story() -> str:
        def kill() -> None:
            del made.workers["i-new0"]

        def replace() -> None:
            made.workers["i-new9"] = Worker(NEW)

        asyncio.get_running_loop().call_later(0.1, kill)
        asyncio.get_running_loop().call_later(20, replace)
        ended = await give(made, "c0ffee12")
        assert made.clock() > 20
        return ended

    assert run(story()) == "2 working, 2 resting"
    assert made.tags["i-new9"] == "working"


def test_one_that_a_backlog_has_launched_meanwhile_and_that_boots_yet_is_not_waited_for() -> None:
    made = floor()
    made.workers["i-new7"] = Worker(NEW, starts=300)
    assert run(give(made, "c0ffee12")) == "2 working, 2 resting"
    assert made.tags["i-new7"] == "working"


@pytest.mark.parametrize(
    ("said", "does"),
    [
        ("turn: ready", "ready"),
        ("turn: working", "working"),
        ("turn: starting again after exit status 1", "starting"),
        ("turn: resting after 2.3 s", "resting"),
        ("turn: failed: worker ended 3 times in 12 s, last with exit status 1", "failed"),
        ("boot failed: no variables", "unbooted"),
        ("downloading", None),
        ("return: working", None),
    ],
)
def test_what_an_instance_does_is_read_from_exactly_what_it_says(said: str, does: str | None) -> None:
    assert doing(said) == does
    assert does is None or Report(0, said).doing == does


def test_only_instances_whose_user_data_knows_of_turns_wait_for_theirs() -> None:
    told = b"#cloud-config\n- systemctl start uneventful-turn.service"
    assert obeys(base64.b64encode(told).decode())
    assert obeys(base64.b64encode(gzip.compress(told)).decode())
    assert not obeys(base64.b64encode(gzip.compress(told)[:30]).decode())
    assert not obeys(base64.b64encode(b"#cloud-config\n").decode())
    assert not obeys("not base64 at all!")
