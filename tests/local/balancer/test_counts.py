"""Counts: every answer once, by who gave it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.balancer.accesslog import AccessLog
from localcloud.balancer.counts import count
from localcloud.parts import GroupCounts

ARNS = {"lb": "arn:lb", "tg": "arn:tg", "other": "arn:other"}


def test_each_line_counts_for_its_group_and_its_class():
    lines = [
        "lb tg 200 - via_upstream 1500",
        "lb tg 204 - via_upstream 500",
        "lb tg 302 - via_upstream 0",
        "lb tg 404 - via_upstream -",
        "lb tg 503 - via_upstream 1000",
        "lb other 200 - via_upstream 10",
    ]
    by_group = {seen.target_group_arn: seen for seen in count(lines, ARNS)}
    assert replace(by_group["arn:tg"], latencies=()) == GroupCounts(
        "arn:lb", "arn:tg", 5, 5, target_2xx=2, target_3xx=1, target_4xx=1, target_5xx=1, total_seconds=0.003
    )
    seconds, numbers = zip(*by_group["arn:tg"].latencies, strict=True)
    assert seconds == pytest.approx((1e-6, 0.0005, 0.001, 0.0015), rel=0.01)
    assert numbers == (1, 1, 1, 1)
    assert by_group["arn:other"].requests == 1


def test_what_the_load_balancer_answers_itself_is_not_the_targets():
    lines = [
        "lb tg 502 UF upstream_reset_before_response_started{remote_connection_failure} -",
        "lb tg 502 UC upstream_reset_before_response_started{connection_termination} -",
        "lb tg 504 SI stream_idle_timeout -",
        "lb tg 503 UH no_healthy_upstream -",
        "lb tg 0 DC downstream_remote_disconnect -",
    ]
    (seen,) = count(lines, ARNS)
    assert (seen.requests, seen.answered, seen.target_5xx) == (4, 0, 0)
    assert (seen.elb_5xx, seen.elb_4xx, seen.connection_errors) == (4, 1, 1)


def test_an_answer_that_broke_off_after_it_had_begun_was_the_targets():
    lines = [
        "lb tg 200 DC downstream_remote_disconnect 1500",
        "lb tg 200 UC upstream_reset_after_response_started{connection_termination} 500",
    ]
    (seen,) = count(lines, ARNS)
    assert (seen.requests, seen.answered, seen.target_2xx, seen.total_seconds) == (2, 2, 2, 0.002)
    assert (seen.elb_4xx, seen.elb_5xx, seen.connection_errors) == (0, 0, 0)


def test_fixed_answers_belong_to_no_group_and_are_no_errors():
    (seen,) = count(["lb - 503 - direct_response -"], ARNS)
    assert (seen.target_group_arn, seen.requests, seen.elb_5xx) == ("", 0, 0)


def test_lines_of_unknown_names_or_of_half_a_line_are_left_out():
    assert count(["lb gone 200 - via_upstream 1", "gone tg 200 - via_upstream 1", "lb tg 2", ""], ARNS) == ()


class Writer:
    """Writes as Envoy does: whole lines at a time, though not at once, and a new file with the line that follows."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "access.log"
        self.file = self.path.open("a")
        self.reopen = False

    def write(self, line: str, meanwhile: Callable[[], None]) -> None:
        if self.reopen:
            self.file.close()
            meanwhile()
            self.file = self.path.open("a")
            self.reopen = False
        for part in (line[:3], line[3:] + "\n"):
            self.file.write(part)
            self.file.flush()
            meanwhile()


@given(st.lists(st.tuples(st.binary(max_size=12), st.integers(0, 3)), max_size=14), st.integers(1, 60))
def test_the_log_gives_every_line_once_however_it_grows_and_turns(tmp_path_factory, pieces, limit):
    folder = tmp_path_factory.mktemp("log")
    writer = Writer(folder)
    log = AccessLog(folder, lambda: setattr(writer, "reopen", True), limit)
    seen: list[str] = []
    for number, (piece, reads) in enumerate(pieces):
        chances = iter([True] * reads)
        writer.write(
            f"{number} {piece.hex()}", lambda c=chances: seen.extend(log.lines() if next(c, False) else [])
        )
    for _ in range(3):
        seen.extend(log.lines())
    log.close()
    writer.file.close()
    assert seen == [f"{number} {piece.hex()}" for number, (piece, _) in enumerate(pieces)]
    assert sum(1 for _ in folder.iterdir()) <= 2


async def test_envoy_counts_every_request_exactly_while_its_log_turns(stage, backend):
    stage.balancer._log._limit = 4000
    a, b = stage.group("a", await backend("aaaa")), stage.group("b", await backend("bbbb"))
    await stage.serve((a, b), (1, 1))
    load = stage.load(400, 2, keep_alive=0.5)
    seen: list[GroupCounts] = []
    while not load.done():
        seen += await asyncio.to_thread(stage.balancer.take_counts)
        await asyncio.sleep(0.1)
    counted = await load
    await stage.until(
        lambda: seen.extend(stage.balancer.take_counts()) or sum(c.requests for c in seen) == 800
    )
    for group, release in ((a, "aaaa"), (b, "bbbb")):
        own = [c for c in seen if c.target_group_arn == group.arn]
        assert sum(c.target_2xx for c in own) == counted["by_release"][release]["answered"]
        assert 0 < sum(c.total_seconds for c in own) / sum(c.answered for c in own) < 0.1
    assert seen[0].load_balancer_arn == "arn:test:loadbalancer/app/x/1"


async def test_the_time_of_slow_answers_is_counted(stage, backend):
    a = stage.group("a", await backend("aaaa"))
    await stage.serve((a,), (1,))
    await asyncio.gather(*(stage.get("/slow=0.5") for _ in range(4)))
    seen: list[GroupCounts] = []
    await stage.until(lambda: seen.extend(stage.balancer.take_counts()) or sum(c.answered for c in seen) == 4)
    assert 2 <= sum(c.total_seconds for c in seen) < 2.6
