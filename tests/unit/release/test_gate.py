"""The gate lets nothing through that was not seen healthy, and says what it saw."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.balancer import Health
from release.errors import BalancerBusy, GateError, LeaseError, ShiftCancelled
from release.last_words import Words
from release.probes import Answer
from release.provider.gate import Seen, Step, decide, progress, wait
from release.provider.inputs import GateInputs
from release.provider.lease import NOBODY, Grip
from release.provider.ports import GatePorts, Time, Voice
from tests.unit.release.virtual_time import run
from tests.unit.release.world import NEW

GOOD = Answer("c0ffee12", "", 0.003)
ILL = Health(
    "i-0ab", "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [500]"
)

answers = st.sampled_from(
    [GOOD, Answer("ab12cd34", "", 0.003), Answer("", "503", 0.001), Answer("c0ffee12", "500", 0)]
)
healths = st.lists(
    st.sampled_from(["healthy", "unhealthy", "initial", "unused", "draining"]), max_size=6
).map(lambda states: tuple(Health(f"i-{n}", state) for n, state in enumerate(states)))


def inputs(healthy: int = 2, probes: int = 3, deadline: float = 300) -> GateInputs:
    return GateInputs.model_validate(
        {
            "release": "c0ffee12",
            "version": "v2",
            "targetGroupArn": NEW,
            "healthy": healthy,
            "probes": probes,
            "deadline": deadline,
            "url": "http://shop.test:8080/healthz",
            "headerName": "X-Uneventful-Release",
            "headerValue": "c0ffee12.the-secret-key",
        }
    )


@dataclass
class Fleet:
    """Targets that become healthy, and probes that are answered, from these moments (s) on."""

    healthy_at: tuple[float, ...] = (3, 5)
    answers_at: float = 5
    answer: Answer = GOOD
    health: Health = ILL
    busy_until: float = 0
    lease: Mapping[str, Any] | None = None
    told_at: float = 0
    store_down: bool = False
    said: list[str] = field(default_factory=list)

    async def health_of(self) -> tuple[Health, ...]:
        now = asyncio.get_running_loop().time()
        if now < self.busy_until:
            raise BalancerBusy("the load balancer's API did not answer", seen="Throttling")
        return tuple(
            Health(f"i-{n}", "healthy") if now >= at else self.health for n, at in enumerate(self.healthy_at)
        )

    async def volley(self, count: int) -> tuple[Answer, ...]:
        now = asyncio.get_running_loop().time()
        return (self.answer if now >= self.answers_at else Answer("", "503", 0.001),) * count

    async def say(self, line: str) -> None:
        self.said.append(line)

    async def highest(self) -> Grip | None:
        if self.store_down:
            raise LeaseError("the lease cannot be read", seen="SlowDown")
        told = asyncio.get_running_loop().time() >= self.told_at
        return Grip(7, "mark") if self.lease is not None and told else None

    async def read(self, number: int) -> Mapping[str, Any]:
        return self.lease or {}

    def ports(self) -> GatePorts:
        class Api:
            async def health(_, group: str) -> tuple[Health, ...]:  # noqa: N805
                return await self.health_of()

        loop = asyncio.get_running_loop()
        time = Time(loop.time, asyncio.sleep, lambda: datetime.now(UTC))
        voice = Voice(self.say, self.say)
        return GatePorts(Api(), self, self, "dev", time, voice, self)  # type: ignore[arg-type]

    async def of(self, release: str, instances: Sequence[str]) -> Words | None:
        return Words(instances[-1], "web", ("ImportError: no module",)) if instances else None


async def gate(fleet: Fleet, wanted: GateInputs) -> tuple[str, float]:
    evidence = await wait(wanted, fleet.ports())
    return evidence, asyncio.get_running_loop().time()


@given(
    targets=healths, streak=st.integers(0, 5), seconds=st.floats(0, 400), trouble=st.sampled_from(["", "x"])
)
def test_nothing_passes_without_enough_healthy_targets_and_answers_in_a_row(
    targets: tuple[Health, ...], streak: int, seconds: float, trouble: str
) -> None:
    seen = Seen(seconds, targets, trouble, streak)
    step = decide(seen, inputs())
    healthy = [target for target in targets if target.state == "healthy"]
    assert (step is Step.PASS) == (len(healthy) >= 2 and streak >= 3 and not trouble)
    assert (step is Step.GIVE_UP) == (step is not Step.PASS and seconds >= 300)


@given(row=st.lists(answers, max_size=12))
def test_a_row_counts_only_answers_of_this_release_since_the_last_other_one(row: list[Answer]) -> None:
    seen = Seen().probed(row, "c0ffee12")
    expected = 0
    while expected < len(row) and row[-1 - expected] == GOOD:
        expected += 1
    assert seen.streak == expected
    assert len(seen.failed) == sum(answer != GOOD for answer in row)


def test_the_gate_opens_soon_after_the_last_target_is_healthy() -> None:
    evidence, seconds = run(gate(Fleet(), inputs()))
    assert 5 <= seconds <= 7
    assert "2 of 2 healthy and 3 probes in a row answered by c0ffee12" in evidence


def test_probes_answered_by_another_release_keep_the_gate_shut() -> None:
    with pytest.raises(GateError, match="answered by ab12cd34 ×") as refused:
        run(gate(Fleet(answer=Answer("ab12cd34", "", 0.003)), inputs(deadline=20)))
    assert "2 of 2 healthy" in refused.value.seen


def test_a_refusal_quotes_numbers_and_last_words_and_no_secret() -> None:
    fleet = Fleet(healthy_at=(9999, 9999), answers_at=9999)
    with pytest.raises(GateError) as refused:
        run(gate(fleet, inputs(deadline=300)))
    assert refused.value.seen.startswith(
        "0 of 2 healthy after 300 s (deadline 300 s), last: "
        "i-0ab Target.ResponseCodeMismatch [500] on /healthz; i-0ab Target.Resp"
    )
    assert "probes: 503 ×21" in refused.value.seen
    assert refused.value.seen.endswith("\nweb on i-0ab said last:\n| ImportError: no module")
    assert "nothing was moved" in refused.value.state
    assert "the-secret-key" not in str(refused.value) + repr(inputs()) + "".join(fleet.said)


def test_progress_says_how_many_how_long_and_what_was_last() -> None:
    seen = Seen(31, (Health("i-1", "healthy"), Health("i-2", "healthy"), ILL), "", 0)
    assert progress(seen, inputs(healthy=4)) == (
        "2 of 4 healthy, 31 s of 300 s, last: i-0ab Target.ResponseCodeMismatch [500] on /healthz"
    )


def test_an_api_that_throttles_for_a_while_only_delays_the_gate() -> None:
    fleet = Fleet(busy_until=40)
    _, seconds = run(gate(fleet, inputs()))
    assert 40 <= seconds <= 42
    assert any("Throttling" in line for line in fleet.said)


@pytest.mark.parametrize("pinned", ["ab12cd34", NOBODY])
def test_who_gives_the_traffic_to_another_release_stops_a_gate_within_two_seconds(pinned: str) -> None:
    abort = {"holder": "ben on desk", "outcome": "release abort", "pinned": pinned}
    fleet = Fleet(healthy_at=(9999,), lease=abort, told_at=30)

    async def stopped() -> float:
        with pytest.raises(ShiftCancelled, match="was told to stop") as told:
            await gate(fleet, inputs())
        assert f"all traffic is meant for {pinned}, by ben on desk: release abort" in told.value.seen
        return asyncio.get_running_loop().time()

    assert 30 <= run(stopped()) <= 32


def test_a_sign_that_was_there_before_the_gate_lets_nothing_through() -> None:
    fleet = Fleet(healthy_at=(0, 0), answers_at=0, lease={"pinned": "ab12cd34"})
    with pytest.raises(ShiftCancelled):
        run(gate(fleet, inputs()))


@pytest.mark.parametrize("lease", [{"pinned": ""}, {"pinned": "c0ffee12"}, {}])
def test_a_lease_that_wants_nobody_else_and_a_store_that_does_not_answer_stop_nothing(lease: Any) -> None:
    for down in (False, True):
        _, seconds = run(gate(Fleet(lease=lease, store_down=down), inputs()))
        assert 5 <= seconds <= 7


def test_no_registered_target_is_said_by_name() -> None:
    with pytest.raises(GateError, match="no target registered"):
        run(gate(Fleet(healthy_at=()), inputs(deadline=3)))
